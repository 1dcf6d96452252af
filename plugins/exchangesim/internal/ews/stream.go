package ews

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/internal/faults"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// IsStream reports whether a request's answer is a stream, which goes on for minutes.
func IsStream(body []byte) bool { return bytes.Contains(body, []byte("GetStreamingEvents")) }

// serveStream answers GetStreamingEvents: envelope after envelope in one answer, as
// events happen. Such connections have a limit of their own.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request, who caller, body []byte) {
	env, f := openEnvelope(body, h.opts.Build)
	if f != nil || env.operation.name != "GetStreamingEvents" {
		h.serve(r, who, body).Send(w, r)
		return
	}
	c := h.call(r, env, who)
	answer := faults.Run(r.Context(), h.rule(c), func() *faults.Answer {
		if f := c.prepare(); f != nil {
			return h.soapFault(f)
		}
		return nil
	}, func(rule faults.Rule) *faults.Answer { return h.refuse(c, rule) })
	if answer == nil {
		answer = h.stream(w, r, c)
	}
	if answer != nil {
		answer.Send(w, r)
	}
}

// stream serves a connection to its end; it returns the answer to a request that did
// not become one.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, c *call) *faults.Answer {
	e := c.env.operation
	var ids []string
	for _, id := range e.first("SubscriptionIds").elements() {
		ids = append(ids, strings.TrimSpace(id.content()))
	}
	minutes, err := strconv.Atoi(e.value("ConnectionTimeout"))
	if err != nil || len(ids) > maxStreamed {
		return h.soapFault(errSchema(e, "The connection serves too many subscriptions, or no minutes."))
	}
	conn, lost, f := h.streams.connect(ids, c.who.name(), c.charged(), c.server)
	if f != nil {
		return h.soap(http.StatusOK, streamed(failed(streamMessage, f, lostNode(lost))))
	}
	defer h.streams.disconnect(conn)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	h.follow(w, r, conn, time.Duration(minutes)*h.streams.opts.Minute)
	return nil
}

// charged is the account whose limit of connections counts: the impersonated one.
func (c *call) charged() string {
	if c.who.acting != nil {
		return strings.ToLower(c.who.acting.Address())
	}
	return c.who.name()
}

const streamMessage = "m:GetStreamingEventsResponseMessage"

// follow writes what happens until the connection ends.
func (h *Handler) follow(w http.ResponseWriter, r *http.Request, conn *connection, life time.Duration) {
	s := h.streams
	end := time.NewTimer(life)
	defer end.Stop()
	beat := time.NewTicker(s.opts.Heartbeat)
	defer beat.Stop()
	say := func(content ...*node) bool {
		_, err := w.Write(encodeEnvelope(h.opts.Build, streamed(success(streamMessage, content...))))
		_ = http.NewResponseController(w).Flush() // not every writer can
		return err == nil
	}
	if !say(textEl("m:ConnectionStatus", "OK")) {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case <-conn.broken:
			panic(http.ErrAbortHandler)
		case <-end.C:
			say(textEl("m:ConnectionStatus", "Closed"))
			return
		case <-beat.C:
			if !s.isSilent() && !say(el("m:Notifications", statusNode(conn.subs[0]))) {
				return
			}
		case <-conn.wake:
			if r.Context().Err() != nil { // what a client that has gone is told is lost
				return
			}
			if !h.tell(w, say, s.take(conn)) {
				return
			}
		}
	}
}

// tell writes a delivery and reports whether the connection goes on.
func (h *Handler) tell(w http.ResponseWriter, say func(...*node) bool, d delivery) bool {
	list := el("m:Notifications")
	for _, sub := range d.order {
		list.add(notification(sub, d.events[sub], h.opts.World.Now()))
	}
	if len(list.nodes) > 0 && !say(list) {
		return false
	}
	if d.failure == nil {
		return true
	}
	content := failed(streamMessage, d.failure, lostNode(d.ended), textEl("m:ConnectionStatus", "Closed"))
	_, _ = w.Write(encodeEnvelope(h.opts.Build, streamed(content))) // the connection ends anyway
	return false
}

func streamed(message *node) *node {
	return el("m:GetStreamingEventsResponse", el("m:ResponseMessages", message))
}

// lostNode lists subscriptions that failed, nil for none.
func lostNode(ids []string) *node {
	if len(ids) == 0 {
		return nil
	}
	list := el("m:ErrorSubscriptionIds")
	for _, id := range ids {
		list.add(textEl("t:SubscriptionId", id))
	}
	return list
}

// statusNode says that a subscription lives.
func statusNode(sub *subscription) *node {
	return el("t:Notification", textEl("t:SubscriptionId", sub.id), el("t:StatusEvent"))
}

// notification tells events of a subscription.
func notification(sub *subscription, events []world.Change, now time.Time) *node {
	n := el("t:Notification", textEl("t:SubscriptionId", sub.id))
	t := target{box: sub.box}
	names := map[world.ChangeKind]string{world.Created: "t:CreatedEvent", world.Updated: "t:ModifiedEvent", world.Removed: "t:DeletedEvent"}
	for _, c := range events {
		it := world.Item{Ref: world.Ref{Item: c.Item}, Folder: world.Calendar, Version: c.Version}
		n.add(el(names[c.Kind],
			textEl("t:TimeStamp", now.UTC().Format(time.RFC3339)),
			showItemID("ItemId", &itemView{target: t, item: it}),
			t.folderNode("t:ParentFolderId", world.Calendar)))
	}
	return n
}
