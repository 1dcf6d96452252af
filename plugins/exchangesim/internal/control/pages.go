package control

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
	"github.com/trainercal/trainercal/plugins/internal/winzone"
)

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Parse(pagesText))

// weekPage is what the page of a mailbox's week shows.
type weekPage struct {
	SMTP, Name, Zone string
	State            world.State
	Days             []dayRow
	// Earlier and Later are days of the neighbouring weeks.
	Earlier, Later string
}

type dayRow struct {
	Name  string
	Items []itemRow
}

// itemRow is an appointment as its owner sees it on a day.
type itemRow struct {
	From, To, Subject, Location, Body string
	ShowAs                            world.ShowAs
	Sensitivity                       world.Sensitivity
	Type                              world.Type
	Cancelled                         bool
	// Marked: a program left an extended property on it.
	Marked bool
}

// showMailboxes lists the mailboxes.
func (h *Handler) showMailboxes(w http.ResponseWriter, _ *http.Request) {
	var list []mailboxJSON
	for _, m := range h.opts.World.Mailboxes() {
		entry, err := mailboxOf(m)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		list = append(list, entry)
	}
	render(w, "mailboxes", map[string]any{
		"Mailboxes": list, "Mails": len(h.opts.World.Outbox()), "EWS": h.opts.EWSPath, "Graph": h.opts.GraphPrefix,
	})
}

// showWeek shows the week of a mailbox that holds the day ?day=2006-01-02, by default
// today, in the owner's zone.
func (h *Handler) showWeek(w http.ResponseWriter, r *http.Request) {
	m, err := h.mailbox(r)
	if err != nil {
		http.Error(w, "no such mailbox", http.StatusNotFound)
		return
	}
	p := m.Profile()
	zone, err := winzone.Load(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	day := world.DateOf(h.opts.World.Now().In(zone))
	if wanted := r.FormValue("day"); wanted != "" {
		if day, err = world.ParseDate(wanted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	for day.Weekday() != time.Monday {
		day = day.AddDays(-1)
	}
	page := weekPage{SMTP: p.SMTP, Name: p.Name, Zone: zone.String(), State: p.State, Earlier: day.AddDays(-7).String(), Later: day.AddDays(7).String()}
	for range 7 {
		page.Days = append(page.Days, rowOfDay(m, day, zone))
		day = day.AddDays(1)
	}
	render(w, "week", page)
}

func rowOfDay(m *world.Mailbox, day world.Date, zone *time.Location) dayRow {
	start, end := day.At(time.Time{}, zone), day.AddDays(1).At(time.Time{}, zone)
	row := dayRow{Name: start.Format("Monday, 2 January 2006")}
	for _, it := range m.View(start, end, false) {
		row.Items = append(row.Items, rowOfItem(it, start, end))
	}
	return row
}

// rowOfItem shows an item on the day from start to end; what lies outside the day is
// not shown as a time.
func rowOfItem(it world.Item, start, end time.Time) itemRow {
	row := itemRow{
		Subject: it.Subject, Location: it.Location, Body: it.Body.AsText(), ShowAs: it.ShowAs, Sensitivity: it.Sensitivity,
		Type: it.Type, Cancelled: it.Cancelled, Marked: len(it.Properties) > 0, From: "…", To: "…",
	}
	if it.AllDay {
		row.From, row.To = "all day", ""
		return row
	}
	if !it.Start.Before(start) {
		row.From = it.Start.In(start.Location()).Format("15:04")
	}
	if !it.End.After(end) {
		row.To = it.End.In(start.Location()).Format("15:04")
	}
	return row
}

func render(w http.ResponseWriter, name string, data any) {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Write(page.Bytes()) //nolint:errcheck // the client has gone; there is nobody to tell
}
