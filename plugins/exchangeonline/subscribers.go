package exchangeonline

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

const (
	// writeEvery spaces the writes of subscriptions of an account: Graph takes 500 in 20
	// seconds of an application in a tenant, and others may use the application too.
	writeEvery = 50 * time.Millisecond
	// notificationBytes bounds an id or a secret that a notification brings.
	notificationBytes = 256
)

// secretHash is the hash of a clientState. The plugin keeps hashes alone, so that what
// the host stores lets nobody forge a notification.
type secretHash [sha256.Size]byte

// newSecret makes a clientState.
func newSecret() (secret string, hash secretHash) {
	secret = rand.Text() + rand.Text()
	return secret, sha256.Sum256([]byte(secret))
}

// subscriber is a watched mailbox, as notifications find it.
type subscriber struct {
	address string
	secret  secretHash
	// signal tells the watch of a lifecycle event.
	signal func(lifecycle)
}

// subscribers are an account's subscriptions, of all its watches. The zero value is
// usable.
type subscribers struct {
	mu sync.Mutex
	// forged are the notifications that were ignored since it was last told, at toldForged.
	forged     int
	toldForged time.Time
	byID       map[string]*subscriber
	// pending are those whose creation is under way, by their secret: a notification may
	// overtake the answer that tells the subscription's id.
	pending map[secretHash]*subscriber
	// next is when the next write may go.
	next time.Time
}

// expect prepares for the notifications of a subscription that is about to be made.
func (s *subscribers) expect(who *subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil {
		s.pending = map[secretHash]*subscriber{}
	}
	s.pending[who.secret] = who
}

// settle ends what expect began: id is the subscription's, empty for none.
func (s *subscribers) settle(who *subscriber, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, who.secret)
	s.put(id, who)
}

// put enters a subscription. The caller holds the lock.
func (s *subscribers) put(id string, who *subscriber) {
	if id == "" {
		return
	}
	if s.byID == nil {
		s.byID = map[string]*subscriber{}
	}
	s.byID[id] = who
}

// add enters a subscription that the host has stored.
func (s *subscribers) add(id string, who *subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(id, who)
}

// remove forgets a subscription, if it is still that watch's.
func (s *subscribers) remove(id string, who *subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[id] == who {
		delete(s.byID, id)
	}
}

// authentic finds the subscriber of a notification that knows the secret; nil for one
// that anybody could have sent. Secrets are compared in constant time, and unknown
// subscriptions take the same steps.
func (s *subscribers) authentic(id, clientState string) *subscriber {
	hash := secretHash(sha256.Sum256([]byte(clientState)))
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.byID[id]
	if who == nil {
		who = s.pending[hash]
	}
	var want secretHash
	if who != nil {
		want = who.secret
	}
	if subtle.ConstantTimeCompare(hash[:], want[:]) == 0 {
		return nil
	}
	return who
}

// reserve takes the turn of n writes, and answers how long to wait for it.
func (s *subscribers) reserve(now time.Time, n int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next.Before(now) {
		s.next = now
	}
	wait := s.next.Sub(now)
	s.next = s.next.Add(time.Duration(n) * writeEvery)
	return wait
}

// tellForged is how often it is told that notifications were ignored: whoever sends them
// is not to fill the log.
const tellForged = time.Minute

// ignored counts notifications that were ignored, and returns how many to tell of now;
// zero while that was done lately.
func (s *subscribers) ignored(now time.Time, n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forged += n
	if s.forged == 0 || now.Sub(s.toldForged) < tellForged {
		return 0
	}
	n, s.forged, s.toldForged = s.forged, 0, now
	return n
}
