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
