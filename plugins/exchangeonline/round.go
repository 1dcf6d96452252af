package exchangeonline

import (
	"context"
	"time"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const (
	// maxPages bounds a round whatever the server's links say.
	maxPages = 2000
	// maxStalePages is how many pages in a row may bring nothing new: an empty page
	// with a link is no end, but many are no progress.
	maxStalePages = 20
	// maxGone is how many removed events a round may name before reading all that is
	// left is cheaper than remembering them.
	maxGone = 5 * sdk.MaxItems
	// zoneSlack is how far the instants of a whole-day event may lie from its days in
	// the trainer's zone: between the zones furthest east and west.
	zoneSlack = 26 * time.Hour
	// slackItems is how many items the slack may add to the most a window may have.
	slackItems = 500
)

// round is one mailbox's read being collected: the pages of a delta round or of a
// view, put together by id. The last word on an id counts (B4).
type round struct {
	reader reader
	// onlyOwn leaves out whatever is not the gateway's (ScopeOwn).
	onlyOwn bool
	// rows are the events that take time, masters those of series, by id.
	rows    map[string]*event
	masters map[string]*event
	gone    map[string]bool
}

func newRound(req sdk.ReadRequest) *round {
	return &round{
		reader: newReader(req.Mailbox, req.Detail, req.Own), onlyOwn: req.Scope == sdk.ScopeOwn,
		rows: map[string]*event{}, masters: map[string]*event{}, gone: map[string]bool{},
	}
}

// add takes a page in, and reports whether it said anything new.
func (r *round) add(events []event) (news bool, err *sdk.Error) {
	r.dropResent(events)
	for i := range events {
		e := &events[i]
		if r.onlyOwn && !r.reader.ours(e) {
			news = true // for all that is known of it
			continue
		}
		r.reader.strip(e)
		if r.take(e) {
			news = true
		}
	}
	if most := sdk.MaxItems + slackItems; len(r.rows) > most || len(r.masters) > most {
		return news, tooMany()
	}
	return news, nil
}

func tooMany() *sdk.Error {
	return sdk.CodeTooManyItems.New("more than %d appointments in the window", sdk.MaxItems).
		WithAdvice("shorten sync.window")
}

func (r *round) take(e *event) (news bool) {
	switch {
	case e.Removed != nil:
		news = !r.gone[e.ID]
		delete(r.rows, e.ID)
		delete(r.masters, e.ID)
		r.dropSeries(e.ID)
		r.gone[e.ID] = true
		return news
	case e.Type == typeMaster:
		news = r.masters[e.ID] == nil || r.masters[e.ID].version() != e.version()
		r.masters[e.ID] = e
		delete(r.rows, e.ID)
	default:
		known, there := r.rows[e.ID]
		news = !there || known.version() != e.version()
		r.rows[e.ID] = e
		delete(r.masters, e.ID)
	}
	delete(r.gone, e.ID)
	return news
}

// dropResent forgets the rows of series whose master comes again in another version:
// the series changed while its round was read, and comes again as a whole. An
// occurrence deleted meanwhile is just not among its rows (E1).
func (r *round) dropResent(events []event) {
	for i := range events {
		e := &events[i]
		if known := r.masters[e.ID]; e.Type == typeMaster && known != nil && known.version() != e.version() {
			r.dropSeries(e.ID)
		}
	}
}

// dropSeries forgets the rows of a series.
func (r *round) dropSeries(id string) {
	for key, e := range r.rows {
		if e.SeriesMasterID == id {
			delete(r.rows, key)
		}
	}
}

// walk follows the links of a delta round, and notices when they lead nowhere.
type walk struct {
	session *session
	round   *round
	seen    map[string]bool
	stale   int
}

func (s *session) newWalk(path string, r *round) *walk {
	return &walk{session: s, round: r, seen: map[string]bool{path: true}}
}

// take takes a page in, and answers where it leads: to the next page, or, at the
// round's end, to the delta link. stop tells that the round cannot be finished.
func (w *walk) take(p page) (next, delta string, stop bool, err *sdk.Error) {
	news, err := w.round.add(*p.Value)
	switch {
	case err != nil:
		return "", "", false, err
	case p.DeltaLink != "":
		delta, err = w.session.relative(p.DeltaLink)
		return "", delta, false, err
	case p.NextLink == "":
		return "", "", false, badAnswer("a page of a delta round without a link")
	}
	if next, err = w.session.relative(p.NextLink); err != nil {
		return "", "", false, err
	}
	if w.stale++; news {
		w.stale = 0
	}
	if len(w.round.gone) > maxGone {
		return "", "", true, badAnswer("a delta round with too many removed events")
	}
	if w.seen[next] || w.stale >= maxStalePages || len(w.seen) >= maxPages {
		return "", "", true, badAnswer("the pages of a delta round go in circles")
	}
	w.seen[next] = true
	return next, "", false, nil
}

// follow collects a delta round from a path below the base to its delta link, which
// it returns. stop tells that the round cannot be finished this way.
func (w *walk) follow(ctx context.Context, mailbox, path string) (delta string, stop bool, err *sdk.Error) {
	for {
		var p page
		refused, err := w.session.get(ctx, "delta", mailbox, w.session.link(path), preferPages, &p)
		if err != nil {
			return "", refused.lostPlace(), err
		}
		if err := p.check(); err != nil {
			return "", false, err
		}
		if path, delta, stop, err = w.take(p); err != nil || delta != "" {
			return delta, stop, err
		}
	}
}

// lostPlace reports whether a refused page means that the server no longer knows
// where a round was to continue (F5). 400 stands for several codes of that meaning.
func (r refusedWith) lostPlace() bool {
	return r.status == 410 || r.status == 400 ||
		r.is("syncstatenotfound", "resyncrequired", "invaliddeltatoken", "syncstateinvalid", "errorinvalidsyncstatedata")
}

// view collects the plain view of a window: every page until there is no link.
func (s *session) view(ctx context.Context, mailbox, path string, r *round) *sdk.Error {
	seen := map[string]bool{path: true}
	for range maxPages {
		var p page
		if _, err := s.get(ctx, "calendarView", mailbox, s.link(path), preferPages, &p); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if _, err := r.add(*p.Value); err != nil {
			return err
		}
		if p.NextLink == "" {
			return nil
		}
		next, err := s.relative(p.NextLink)
		if err != nil {
			return err
		}
		if path = next; seen[path] {
			return badAnswer("the pages of a view go in circles")
		}
		seen[path] = true
	}
	return badAnswer("a view has no end")
}

// windowQuery asks for a window and somewhat more at both ends: the server compares
// instants, and those of a whole day that was made in another zone lie elsewhere than
// the trainer's day. What does not belong is left out later (D4, F1).
func windowQuery(w calendar.Window, more ...string) string {
	return query(append([]string{
		"startDateTime", w.Start.Add(-zoneSlack).UTC().Format(time.RFC3339),
		"endDateTime", w.End.Add(zoneSlack).UTC().Format(time.RFC3339),
	}, more...)...)
}

func deltaPath(mailbox string, w calendar.Window) string {
	return userPath(mailbox, "/calendarView/delta"+windowQuery(w))
}

func viewPath(mailbox string, w calendar.Window) string {
	return userPath(mailbox, "/calendar/calendarView"+windowQuery(w, "$top", pageSize))
}
