package ews

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// affinityCookie names the server that holds a caller's subscriptions; a client that
// asks for affinity gets it, and sends it back.
const affinityCookie = "X-BackEndOverrideCookie"

// Limits of subscriptions.
const (
	// maxStreamed is the most subscriptions that one connection serves.
	maxStreamed = 200
	// maxQueued is how many events a subscription keeps for a connection that does not
	// take them; more, and it has missed some.
	maxQueued = 1000
	// abandoned is how long a subscription lives without a connection.
	abandoned = 30 * time.Minute
)

// Streaming sets limits and pace of streaming notifications. Zero fields are as on a
// server on premises.
type Streaming struct {
	// Heartbeat is the time between signs of life on a quiet connection; 45 s if zero.
	Heartbeat time.Duration
	// Minute is how long a minute of ConnectionTimeout lasts; a minute if zero.
	Minute time.Duration
	// Servers is how many servers share the mailboxes; a subscription lives on one of
	// them, and a request reaches it by the affinity cookie or by the same anchor. 1 if zero.
	Servers int
	// Connections is how many connections an account may keep open
	// (HangingConnectionLimit), Subscriptions how many a mailbox may have
	// (EWSMaxSubscriptions); 10 and 5000 if zero.
	Connections, Subscriptions int
}

func (s Streaming) withDefaults() Streaming {
	if s.Heartbeat == 0 {
		s.Heartbeat = 45 * time.Second
	}
	if s.Minute == 0 {
		s.Minute = time.Minute
	}
	if s.Servers == 0 {
		s.Servers = 1
	}
	if s.Connections == 0 {
		s.Connections = 10
	}
	if s.Subscriptions == 0 {
		s.Subscriptions = 5000
	}
	return s
}

// subscription is one mailbox's calendar, watched for one account.
type subscription struct {
	id     string
	box    *world.Mailbox
	owner  string
	server int
	events []world.Change
	// missed: it lost events, and says so when it is read.
	missed bool
	// reader is the connection that reads it, nil for none since idle.
	reader *connection
	idle   time.Time
}

// connection is an open GetStreamingEvents.
type connection struct {
	charged string
	subs    []*subscription
	// wake holds a token while there may be something to send; broken is closed to cut
	// the connection.
	wake   chan struct{}
	broken chan struct{}
}

// Streams are a server's subscriptions and open connections, and what is to go wrong
// with them. Its methods may be called at any time.
type Streams struct {
	opts Streaming
	now  func() time.Time

	mu    sync.Mutex
	made  int
	subs  map[string]*subscription
	byBox map[*world.Mailbox][]*subscription
	open  map[*connection]bool
	// deaf: changes make no events. silent: connections say nothing, not even that they live.
	deaf, silent bool
}

func newStreams(w *world.World, opts Streaming) *Streams {
	s := &Streams{
		opts: opts.withDefaults(), now: w.Now, subs: map[string]*subscription{},
		byBox: map[*world.Mailbox][]*subscription{}, open: map[*connection]bool{},
	}
	w.Listen(s.hear)
	return s
}

// hear queues a change for those who watch the mailbox.
func (s *Streams) hear(box *world.Mailbox, c world.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return
	}
	for _, sub := range s.byBox[box] {
		if len(sub.events) == maxQueued {
			sub.missed = true
			continue
		}
		sub.events = append(sub.events, c)
		sub.wake()
	}
}

// wake tells the subscription's reader. The caller holds the lock.
func (sub *subscription) wake() {
	if sub.reader == nil {
		return
	}
	select {
	case sub.reader.wake <- struct{}{}:
	default:
	}
}

// server is the number of the server that a request reaches.
func (s *Streams) server(h http.Header) int {
	cookie, err := (&http.Request{Header: h}).Cookie(affinityCookie)
	var n int
	if err == nil && strings.EqualFold(h.Get("X-PreferServerAffinity"), "true") {
		if _, err := fmt.Sscanf(cookie.Value, "server~%d", &n); err == nil && n < s.opts.Servers {
			return n
		}
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.ToLower(h.Get("X-AnchorMailbox"))))
	return int(sum.Sum32() % uint32(s.opts.Servers))
}

// subscribe makes a subscription.
func (s *Streams) subscribe(box *world.Mailbox, owner string, server int) (string, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	if len(s.byBox[box]) >= s.opts.Subscriptions {
		return "", fail("ErrorExceededSubscriptionCount", "You have exceeded the available subscriptions for your account. Remove unnecessary subscriptions and try your request again.")
	}
	s.made++
	sub := &subscription{id: seal('S', fmt.Sprint(s.made)), box: box, owner: owner, server: server, idle: s.now()}
	s.subs[sub.id] = sub
	s.byBox[box] = append(s.byBox[box], sub)
	return sub.id, nil
}

// expire forgets what nobody has read for long. The caller holds the lock.
func (s *Streams) expire() {
	for _, sub := range s.subs {
		if sub.reader == nil && s.now().Sub(sub.idle) > abandoned {
			s.remove(sub)
		}
	}
}

// remove forgets a subscription; its reader learns it. The caller holds the lock.
func (s *Streams) remove(sub *subscription) {
	delete(s.subs, sub.id)
	s.byBox[sub.box] = slices.DeleteFunc(s.byBox[sub.box], func(x *subscription) bool { return x == sub })
	sub.wake()
}

// find is an account's subscription on a server, nil if there is none. The caller holds
// the lock.
func (s *Streams) find(id, owner string, server int) *subscription {
	if sub := s.subs[id]; sub != nil && sub.owner == owner && sub.server == server {
		return sub
	}
	return nil
}

func (s *Streams) unsubscribe(id, owner string, server int) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.find(id, owner, server)
	if sub == nil {
		return errNoSubscription
	}
	s.remove(sub)
	return nil
}

// connect opens a connection for subscriptions; lost are those that are not there.
func (s *Streams) connect(ids []string, owner, charged string, server int) (c *connection, lost []string, f *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	hanging := 0
	for other := range s.open {
		if other.charged == charged {
			hanging++
		}
	}
	if hanging >= s.opts.Connections {
		return nil, nil, errTooMany
	}
	c = &connection{charged: charged, wake: make(chan struct{}, 1), broken: make(chan struct{})}
	for _, id := range ids {
		if sub := s.find(id, owner, server); sub != nil {
			c.subs = append(c.subs, sub)
		} else {
			lost = append(lost, id)
		}
	}
	if len(lost) > 0 {
		return nil, lost, errNoSubscription
	}
	for _, sub := range c.subs {
		sub.reader = c
	}
	c.wake <- struct{}{} // what was queued before
	s.open[c] = true
	return c, nil, nil
}

// disconnect ends a connection.
func (s *Streams) disconnect(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	for _, sub := range c.subs {
		if sub.reader == c {
			sub.reader, sub.idle = s.other(sub), s.now()
			sub.wake()
		}
	}
}

// other is another open connection of the subscription, nil for none. The caller holds
// the lock.
func (s *Streams) other(sub *subscription) *connection {
	for c := range s.open {
		if slices.Contains(c.subs, sub) {
			return c
		}
	}
	return nil
}

// delivery is what a connection has to say: events by subscription, and subscriptions
// that ended.
type delivery struct {
	events map[*subscription][]world.Change
	order  []*subscription
	// ended are ids that failed with failure.
	ended   []string
	failure *failure
}

// take returns what the connection has to say. What happens is told once: to the
// connection that was opened last.
func (s *Streams) take(c *connection) delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := delivery{events: map[*subscription][]world.Change{}}
	if s.silent {
		return d
	}
	for _, sub := range c.subs {
		switch {
		case sub.reader != c:
		case s.subs[sub.id] != sub:
			d.ended, d.failure = append(d.ended, sub.id), errNoSubscription
		case sub.missed:
			s.remove(sub)
			d.ended, d.failure = append(d.ended, sub.id), errMissed
		case len(sub.events) > 0:
			d.order = append(d.order, sub)
			d.events[sub], sub.events = sub.events, nil
		}
	}
	return d
}

func (s *Streams) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

var (
	errNoSubscription = fail("ErrorSubscriptionNotFound", "The subscription could not be found in the subscription list.")
	errMissed         = fail("ErrorMissedNotificationEvents", "Event notifications have been missed.")
)
