package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/store"
)

// The tables of platform objects.
const (
	tableCourses        = "courses"
	tableUnavailability = "unavailability"
)

// Apply makes changes in one transaction, in their order.
func (s *Store) Apply(ctx context.Context, changes []store.Change) ([]store.Outcome, error) {
	var out []store.Outcome
	err := s.edit(ctx, func(e *editor) (err error) {
		out, err = e.applyAll(ctx, changes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("change courses and unavailability: %w", err)
	}
	return out, nil
}

// editor changes platform objects in its transaction: one by one for the API, by the
// thousand for an import.
type editor struct {
	tx  *sql.Tx
	now time.Time
	// last is the last number given out, for a revision or an ETag.
	last int64
	due  map[platform.TrainerID]*store.Due
	// listed: the changes are a full list of what there is. sweeping: what goes is what
	// such a list lacks.
	listed, sweeping bool
}

// edit runs do in one transaction, which also makes the trainers due that it touches.
func (s *Store) edit(ctx context.Context, do func(*editor) error) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		e := &editor{tx: tx, now: s.now(), due: map[platform.TrainerID]*store.Due{}}
		if err := tx.QueryRowContext(ctx, `SELECT revision FROM last_revision`).Scan(&e.last); err != nil {
			return fmt.Errorf("read the last revision: %w", err)
		}
		if err := do(e); err != nil {
			return err
		}
		if err := execEach(ctx, tx, `UPDATE last_revision SET revision = ?`, [][]any{{e.last}}); err != nil {
			return err
		}
		return markDue(ctx, tx, e.allDue())
	})
}

// allDue are the trainers whom the changes touch, by name.
func (e *editor) allDue() []store.Due {
	var all []store.Due
	for _, d := range e.due {
		all = append(all, *d)
	}
	slices.SortFunc(all, func(a, b store.Due) int { return compareTrainers(a.Trainer, b.Trainer) })
	return all
}

func compareTrainers(a, b platform.TrainerID) int {
	return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Label, b.Label))
}

// touch makes trainers due at once, for a request of the trace context.
func (e *editor) touch(trainers []platform.TrainerID, traceparent string) {
	for _, id := range trainers {
		d := e.due[id]
		if d == nil {
			d = &store.Due{Trainer: id, At: e.now, Since: e.now, Cause: store.CauseChange}
			e.due[id] = d
		}
		d.AskedBy(traceparent)
	}
}

func (e *editor) applyAll(ctx context.Context, changes []store.Change) ([]store.Outcome, error) {
	out := make([]store.Outcome, len(changes))
	for i, c := range changes {
		var err error
		if out[i], err = e.apply(ctx, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *editor) apply(ctx context.Context, c store.Change) (store.Outcome, error) {
	switch {
	case c.Course != nil:
		return e.putCourse(ctx, c)
	case c.Unavailability != nil:
		return e.putUnavailability(ctx, c)
	case c.DeleteCourse != "":
		return e.drop(ctx, c, store.ObjectID{Kind: store.ObjectCourse, ID: c.DeleteCourse})
	default:
		return e.drop(ctx, c, store.ObjectID{Kind: store.ObjectUnavailability, ID: c.DeleteUnavailability})
	}
}

// stored is what is known of an object before a change. Its zero value is no object.
type stored struct {
	known          bool
	etag, version  string
	revision       int64
	course         platform.Course
	unavailability platform.Unavailability
	// trainers are those whose calendars it is in.
	trainers []platform.TrainerID
}

func (e *editor) course(ctx context.Context, provider, id string) (stored, error) {
	found, err := collect(ctx, e.tx, scanCourse, selectCourse+` WHERE provider = ? AND id = ?`, provider, id)
	if err != nil || len(found) == 0 {
		return stored{}, err
	}
	c := found[0]
	return stored{known: true, etag: c.ETag, version: c.Version, revision: c.Revision, course: c.Course, trainers: trainersOf(c.Course)}, nil
}

func (e *editor) block(ctx context.Context, provider, id string) (stored, error) {
	found, err := collect(ctx, e.tx, scanUnavailability, selectUnavailability+` WHERE provider = ? AND id = ?`, provider, id)
	if err != nil || len(found) == 0 {
		return stored{}, err
	}
	u := found[0]
	return stored{
		known: true, etag: u.ETag, version: u.Version, revision: u.Revision, unavailability: u.Unavailability,
		trainers: []platform.TrainerID{u.Trainer},
	}, nil
}

func trainersOf(c platform.Course) []platform.TrainerID {
	ids := make([]platform.TrainerID, len(c.Trainers))
	for i, t := range c.Trainers {
		ids[i] = platform.TrainerID{Provider: c.Provider, Label: t.ID}
	}
	return ids
}

// find returns what is known of an object.
func (e *editor) find(ctx context.Context, provider string, id store.ObjectID) (stored, error) {
	if id.Kind == store.ObjectCourse {
		return e.course(ctx, provider, id.ID)
	}
	return e.block(ctx, provider, id.ID)
}

// table is where objects of a kind are.
func table(kind store.ObjectKind) string {
	if kind == store.ObjectCourse {
		return tableCourses
	}
	return tableUnavailability
}

// refusedUpsert says why an upsert of the object is not made; nil when it is. One that
// has no version now, or is not there, is also held against its last deletion.
func (e *editor) refusedUpsert(ctx context.Context, c store.Change, provider string, id store.ObjectID, old stored, version string) (refusal, err error) {
	if refusal = old.refused(c, version); refusal != nil || version == "" || old.version != "" {
		return refusal, nil
	}
	gone, err := e.deletionOf(ctx, provider, id)
	if err == nil && gone.outlives(version, e.listed) {
		refusal = store.ErrDeleted
	}
	return refusal, err
}

// refused says why a change of the object is not made; nil when it is.
func (o stored) refused(c store.Change, version string) error {
	switch {
	case c.IfNone && o.known,
		c.IfETag != "" && !o.known,
		c.IfETag != "" && c.IfETag != "*" && c.IfETag != o.etag:
		return store.ErrPrecondition
	case o.known && platform.OlderVersion(version, o.version):
		return store.ErrStale
	}
	return nil
}

func (e *editor) putCourse(ctx context.Context, c store.Change) (store.Outcome, error) {
	want := *c.Course
	old, err := e.course(ctx, want.Provider, want.ID)
	if err != nil {
		return store.Outcome{}, err
	}
	id := store.ObjectID{Kind: store.ObjectCourse, ID: want.ID}
	if refusal, err := e.refusedUpsert(ctx, c, want.Provider, id, old, want.Version); refusal != nil || err != nil {
		return store.Outcome{Result: store.ChangeRefused, ETag: old.etag, Err: refusal}, err
	}
	changed := platform.ChangedCourseFields(old.course, want)
	return e.keep(old, arrival{
		changed: len(changed) > 0, triggered: platform.Triggers(changed, c.RepushOn), version: want.Version,
		trainers: trainersOf(want), traceparent: c.Traceparent,
	}, func(revision, etag int64) error {
		text, err := document(want)
		if err != nil {
			return err
		}
		return insert(ctx, e.tx, `INSERT INTO courses (provider, id, start, revision, etag, document)`,
			`ON CONFLICT DO UPDATE SET start = excluded.start, revision = excluded.revision, etag = excluded.etag, document = excluded.document`,
			[][]any{{want.Provider, want.ID, nanos(want.Start), revision, etag, text}})
	})
}

func (e *editor) putUnavailability(ctx context.Context, c store.Change) (store.Outcome, error) {
	want := *c.Unavailability
	old, err := e.block(ctx, want.Trainer.Provider, want.ID)
	if err != nil {
		return store.Outcome{}, err
	}
	id := store.ObjectID{Kind: store.ObjectUnavailability, ID: want.ID}
	if refusal, err := e.refusedUpsert(ctx, c, want.Trainer.Provider, id, old, want.Version); refusal != nil || err != nil {
		return store.Outcome{Result: store.ChangeRefused, ETag: old.etag, Err: refusal}, err
	}
	triggered := !platform.SameUnavailability(old.unavailability, want)
	return e.keep(old, arrival{
		changed: triggered || !platform.SameWall(old.unavailability, want), triggered: triggered, version: want.Version,
		trainers: []platform.TrainerID{want.Trainer}, traceparent: c.Traceparent,
	}, func(revision, etag int64) error { return e.writeUnavailability(ctx, want, revision, etag) })
}

func (e *editor) writeUnavailability(ctx context.Context, u platform.Unavailability, revision, etag int64) error {
	span, err := recordSpan(u.When)
	if err != nil {
		return err
	}
	text, err := document(unavailabilityRecord{Description: u.Description, When: span, Wall: u.Wall, Version: u.Version})
	if err != nil {
		return err
	}
	return insert(ctx, e.tx, `INSERT INTO unavailability (provider, id, label, revision, etag, document)`,
		`ON CONFLICT DO UPDATE SET label = excluded.label, revision = excluded.revision, etag = excluded.etag, document = excluded.document`,
		[][]any{{u.Trainer.Provider, u.ID, u.Trainer.Label, revision, etag, text}})
}

// arrival is what an upsert brings: whether it differs from what is stored, whether that
// is to be sent, and to whose calendars.
type arrival struct {
	changed, triggered bool
	version            string
	trainers           []platform.TrainerID
	traceparent        string
}

// keep stores an object that arrived, by write, under the revision and the ETag that it
// has from here on. One that is new, or changed in a trigger, gets a new revision
// (push-12); one in which nothing changed is left alone.
func (e *editor) keep(old stored, a arrival, write func(revision, etag int64) error) (store.Outcome, error) {
	out := store.Outcome{Result: store.ChangeUnchanged, ETag: old.etag}
	if old.known && !a.changed && a.version == old.version {
		return out, nil
	}
	e.last++
	out.ETag = etagOf(e.last)
	revision := old.revision
	switch {
	case !old.known:
		out.Result = store.ChangeCreated
	case a.changed:
		out.Result = store.ChangeUpdated
	}
	if !old.known || a.changed && a.triggered {
		revision = e.last
		out.Triggered, out.Trainers = true, union(old.trainers, a.trainers)
		e.touch(out.Trainers, a.traceparent)
	}
	return out, write(revision, e.last)
}

// union is the trainers of both lists, by name.
func union(a, b []platform.TrainerID) []platform.TrainerID {
	all := slices.Concat(a, b)
	slices.SortFunc(all, compareTrainers)
	return slices.Compact(all)
}

// drop deletes an object, and keeps of it what a late upsert is held against.
func (e *editor) drop(ctx context.Context, c store.Change, id store.ObjectID) (store.Outcome, error) {
	old, err := e.find(ctx, c.Provider, id)
	if err != nil {
		return store.Outcome{}, err
	}
	if err := old.refused(c, c.Version); err != nil {
		return store.Outcome{Result: store.ChangeRefused, ETag: old.etag, Err: err}, nil
	}
	if err := e.erase(ctx, c.Provider, id, cmp.Or(c.Version, old.version)); err != nil {
		return store.Outcome{}, err
	}
	if !old.known {
		return store.Outcome{Result: store.ChangeMissing}, nil
	}
	e.touch(old.trainers, c.Traceparent)
	return store.Outcome{Result: store.ChangeDeleted, Triggered: true, Trainers: union(old.trainers, nil)}, nil
}

// erase takes an object out of its table; it was deleted at a version, or at none.
func (e *editor) erase(ctx context.Context, provider string, id store.ObjectID, version string) error {
	if err := execEach(ctx, e.tx, `DELETE FROM `+table(id.Kind)+` WHERE provider = ? AND id = ?`, [][]any{{provider, id.ID}}); err != nil {
		return err
	}
	return e.bury(ctx, provider, id, version)
}

// etagOf is a number as an ETag.
func etagOf(n int64) string { return strconv.FormatInt(n, 36) }
