package exchangeonline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"time"
)

const (
	// longestLife is what Graph gives a subscription to a calendar today, a week less a
	// little for clocks that differ; shorterLife is what it gave before, and what other
	// clouds may still give.
	longestLife = 10_080*time.Minute - 5*time.Minute
	shorterLife = 4230*time.Minute - 5*time.Minute
)

// watchState is what the host stores of a mailbox's watch.
type watchState struct {
	ID string `json:"id"`
	// Secret is the hash of the clientState.
	Secret  secretHash `json:"secret"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	// To tells the address that notifications go to from others.
	To string `json:"to"`
}

func (s watchState) encode() []byte {
	data, _ := json.Marshal(s) // nothing in it can be refused
	return data
}

// readWatchState reads a stored state; ok is false for one of something else.
func readWatchState(data []byte) (s watchState, ok bool) {
	err := json.Unmarshal(data, &s)
	return s, err == nil && s.ID != "" && s.Secret != (secretHash{}) && s.Expires.After(s.Made)
}

// MarshalText writes the hash for a state.
func (h secretHash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads it back.
func (h *secretHash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return hex.ErrLength
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// addressHash tells addresses apart.
func addressHash(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:8])
}

// renewAt is when a subscription is renewed: after seven to eight tenths of its life, each
// at a moment of its own, so that what was made together is not renewed together.
func renewAt(made, expires time.Time) time.Time {
	life := expires.Sub(made)
	return made.Add(life*7/10 + rand.N(life/10+1))
}
