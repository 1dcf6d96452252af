package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

const (
	// maxNotified is the most notifications in one post.
	maxNotified = 100
	// postTries is how often a post is sent; Graph goes on for four hours.
	postTries = 3
)

// validate asks back at an address as Graph does while it makes a subscription: the
// answer is 200 with the token as plain text, and nothing else.
func (s *Subscriptions) validate(ctx context.Context, address string) error {
	token := "Validation: Testing client application reachability for subscription Request-Id: " + uuid.NewString()
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address is malformed")
	}
	query := u.Query()
	query.Set("validationToken", token)
	u.RawQuery = query.Encode()
	resp, body, err := s.send(ctx, u.String(), "text/plain; charset=utf-8", nil)
	if err != nil {
		return errors.New("notification endpoint could not be reached")
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || kind != "text/plain" || string(body) != token {
		return fmt.Errorf("notification endpoint must respond with 200 OK to validation request; got %d", resp.StatusCode)
	}
	return nil
}

// send posts and reads the answer.
func (s *Subscriptions) send(ctx context.Context, address, kind string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return resp, answer, err
}

// hear tells those who subscribed to a mailbox of a change.
func (s *Subscriptions) hear(w *world.World, box *world.Mailbox, c world.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(w.Now())
	kind := map[world.ChangeKind]string{world.Created: "created", world.Updated: "updated", world.Removed: "deleted"}[c.Kind]
	for _, sub := range s.all {
		if sub.box != box || sub.unauthorized || !strings.Contains(sub.changeType, kind) {
			continue
		}
		n := sub.notification(s.tenant)
		path, id := sub.resourceOf(c.Item)
		n["changeType"], n["resource"] = kind, path
		n["resourceData"] = map[string]any{
			"@odata.type": "#Microsoft.Graph.Event", "@odata.id": path, "@odata.etag": etag(box, c.Version), "id": id,
		}
		s.enqueue(sub.url, n)
	}
}

// notification is what all notifications of a subscription say.
func (sub *subscription) notification(tenant string) map[string]any {
	return map[string]any{
		"subscriptionId": sub.id, "clientState": sub.clientState, "tenantId": tenant,
		"subscriptionExpirationDateTime": sub.expires.UTC().Format(time.RFC3339Nano),
	}
}

// enqueue hands a notification to the sender, as what is to go wrong allows. The caller
// holds the lock.
func (s *Subscriptions) enqueue(address string, n map[string]any) {
	if s.lose || s.closed {
		return
	}
	notes := []map[string]any{n}
	if s.twice {
		notes = append(notes, n)
	}
	if s.delay > 0 {
		s.sending.Go(func() { s.later(s.delay, address, notes) })
		return
	}
	s.push(address, notes)
}

// later hands notifications to the sender after a while.
func (s *Subscriptions) later(delay time.Duration, address string, notes []map[string]any) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(address, notes)
}

// push queues notifications and has them sent. The caller holds the lock.
func (s *Subscriptions) push(address string, notes []map[string]any) {
	idle := len(s.queue[address]) == 0
	s.queue[address] = append(s.queue[address], notes...)
	if idle && !s.closed {
		s.sending.Go(func() { s.drain(address) })
	}
}

// drain posts what is queued for an address, many at a time.
func (s *Subscriptions) drain(address string) {
	for {
		s.mu.Lock()
		waiting := s.queue[address]
		batch := slices.Clone(waiting[:min(len(waiting), maxNotified)])
		s.mu.Unlock()
		if len(batch) == 0 || s.ctx.Err() != nil {
			return
		}
		s.post(address, batch)
		s.mu.Lock()
		s.queue[address] = s.queue[address][len(batch):]
		done := len(s.queue[address]) == 0
		s.mu.Unlock()
		if done {
			return
		}
	}
}

// post sends notifications, again when they are not taken.
func (s *Subscriptions) post(address string, batch []map[string]any) {
	body, err := json.Marshal(map[string]any{"value": batch})
	if err != nil {
		panic(fmt.Sprintf("graph: a notification that is no JSON: %v", err))
	}
	for range postTries {
		s.mu.Lock()
		s.posts++
		s.mu.Unlock()
		resp, _, err := s.send(s.ctx, address, "application/json; charset=utf-8", body)
		if err == nil && resp.StatusCode/100 == 2 {
			return
		}
		s.mu.Lock()
		s.refused++
		s.mu.Unlock()
		if s.ctx.Err() != nil {
			return
		}
	}
}
