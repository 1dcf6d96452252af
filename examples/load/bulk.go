package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// maxBulk is how many objects a bulk request is about at most.
const maxBulk = 20

// change is what a line of a bulk request asks for; nil deletes.
type change struct {
	slot *slot
	next object
}

// bulk changes several objects in one request, some of whose lines may be wrong: those
// alone must be refused.
func (w *writer) bulk(ctx context.Context) error {
	var lines bytes.Buffer
	var changes []change
	var wrong []int
	n := 0
	for _, i := range w.random.Perm(len(w.slots))[:1+w.random.IntN(min(maxBulk, len(w.slots)))] {
		if n++; w.random.IntN(10) == 0 {
			wrong = append(wrong, n)
			lines.WriteString(`{"op":"upsert","course":{"id":"wrong","name":"without trainers"}}` + "\n")
			continue
		}
		c := w.change(w.slots[i])
		changes = append(changes, c)
		lines.Write(lineOf(c))
	}
	a, err := w.client.ask(ctx, request{method: http.MethodPost, path: "/v1/providers/" + provider + "/bulk", body: lines.Bytes()})
	if err != nil {
		return err
	}
	if err := bulkAnswered(a, n, wrong); err != nil {
		return err
	}
	for _, c := range changes {
		c.slot.accept(c.next, "")
	}
	return nil
}

func (w *writer) change(s *slot) change {
	s.version++
	if s.state != nil && w.random.IntN(4) == 0 {
		return change{slot: s}
	}
	return change{s, w.make.next(s, s.version)}
}

func lineOf(c change) []byte {
	op, body := "upsert", any(c.next)
	if c.next == nil {
		op, body = "delete", map[string]string{"id": c.slot.id}
	}
	line, _ := json.Marshal(map[string]any{"op": op, c.slot.kind: body}) // of text and numbers alone
	return append(line, '\n')
}

// bulkAnswered checks what a bulk request of n lines is answered: the wrong ones are
// refused, all others taken in.
func bulkAnswered(a answer, n int, wrong []int) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("bulk is answered %d: %.300s", a.status, a.body)
	}
	var got struct {
		Lines, Created, Updated, Unchanged, Deleted, Missing int
		Errors                                               []struct{ Line int }
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		return fmt.Errorf("read the answer of bulk: %w", err)
	}
	taken := got.Created + got.Updated + got.Unchanged + got.Deleted + got.Missing
	mismatch := fmt.Errorf("bulk of %d lines, %v of them wrong, is answered %.500s", n, wrong, a.body)
	if got.Lines != n || taken != n-len(wrong) || len(got.Errors) != len(wrong) {
		return mismatch
	}
	for i, e := range got.Errors {
		if e.Line != wrong[i] {
			return mismatch
		}
	}
	if (got.Missing > 0 || got.Unchanged > 0) && !a.unsure {
		return errors.Join(errors.New("bulk found another state than was accepted before"), mismatch)
	}
	return nil
}
