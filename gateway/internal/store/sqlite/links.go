package sqlite

import (
	"context"
	"database/sql"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/gateway/internal/reconcile"
	"github.com/trainercal/trainercal/sdk/calendar"
)

const selectLinks = `SELECT key, generation, item_id, version, revision, state, rendered, canonical
	FROM links WHERE provider = ? AND label = ? ORDER BY key`

func scanLink(rows *sql.Rows) (l reconcile.Link, err error) {
	var (
		rendered  string
		canonical sql.NullString
	)
	if err := rows.Scan(&l.Key, &l.Generation, &l.ItemID, &l.Version, &l.Revision, &l.State, &rendered, &canonical); err != nil {
		return l, err
	}
	if l.Rendered, err = readAppointment(rendered); err != nil || !canonical.Valid {
		return l, err
	}
	content, err := readAppointment(canonical.String)
	l.Canonical = &content
	return l, err
}

func readAppointment(text string) (calendar.Appointment, error) {
	var r appointmentRecord
	if err := readDocument(text, &r); err != nil {
		return calendar.Appointment{}, err
	}
	return r.appointment()
}

func writeAppointment(a calendar.Appointment) (string, error) {
	r, err := recordAppointment(a)
	if err != nil {
		return "", err
	}
	return document(r)
}

func putLinks(ctx context.Context, tx *sql.Tx, id platform.TrainerID, links []reconcile.Link) error {
	rows := make([][]any, len(links))
	for i, l := range links {
		rendered, err := writeAppointment(l.Rendered)
		if err != nil {
			return err
		}
		var canonical sql.NullString
		if l.Canonical != nil {
			canonical.Valid = true
			if canonical.String, err = writeAppointment(*l.Canonical); err != nil {
				return err
			}
		}
		rows[i] = []any{id.Provider, id.Label, l.Key, l.Generation, string(l.ItemID), l.Version, l.Revision, string(l.State), rendered, canonical}
	}
	return insert(ctx, tx, `INSERT INTO links (provider, label, key, generation, item_id, version, revision, state, rendered, canonical)`,
		`ON CONFLICT DO UPDATE SET generation = excluded.generation, item_id = excluded.item_id, version = excluded.version,
			revision = excluded.revision, state = excluded.state, rendered = excluded.rendered, canonical = excluded.canonical`, rows)
}

const selectMirrors = `SELECT id, item_id, series_id, version, description, span, show_as, private, held, detail
	FROM mirrors WHERE provider = ? AND label = ? ORDER BY id`

func scanMirror(rows *sql.Rows) (m reconcile.Mirror, err error) {
	var text string
	if err := rows.Scan(&m.ID, &m.ItemID, &m.SeriesID, &m.Version, &m.Description, &text, &m.ShowAs, &m.Private, &m.Held, &m.Detail); err != nil {
		return m, err
	}
	var span spanRecord
	if err := readDocument(text, &span); err != nil {
		return m, err
	}
	m.When, err = span.when()
	return m, err
}

func putMirrors(ctx context.Context, tx *sql.Tx, id platform.TrainerID, mirrors []reconcile.Mirror) error {
	rows := make([][]any, len(mirrors))
	for i, m := range mirrors {
		span, err := recordSpan(m.When)
		if err != nil {
			return err
		}
		text, err := document(span)
		if err != nil {
			return err
		}
		if m.Private {
			m.Description = reconcile.Unavailable // pull-3, whatever came before
		}
		rows[i] = []any{id.Provider, id.Label, m.ID, string(m.ItemID), string(m.SeriesID), m.Version, m.Description, text, string(m.ShowAs), m.Private, m.Held, m.Detail}
	}
	return insert(ctx, tx, `INSERT INTO mirrors (provider, label, id, item_id, series_id, version, description, span, show_as, private, held, detail)`,
		`ON CONFLICT DO UPDATE SET item_id = excluded.item_id, series_id = excluded.series_id, version = excluded.version,
			description = excluded.description, span = excluded.span, show_as = excluded.show_as, private = excluded.private,
			held = excluded.held, detail = excluded.detail`, rows)
}
