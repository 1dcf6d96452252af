package exchangeonline

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// notices tells an operator of what comes, by the log, once a day each.
type notices struct {
	account string
	now     func() time.Time
	log     func(message string, fields ...any)

	mu sync.Mutex
	// told is when each notice was last given, by its kind.
	told map[string]time.Time
}

func newNotices(account string, now func() time.Time) *notices {
	return &notices{
		account: account, now: now, told: map[string]time.Time{},
		log: func(message string, fields ...any) { hclog.Default().Warn(message, fields...) },
	}
}

// give gives a notice, unless one of its kind was given within a day. Its text holds
// nothing but what the plugin itself knows.
func (n *notices) give(kind, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	if last, given := n.told[kind]; given && now.Before(last.Add(24*time.Hour)) {
		return
	}
	n.told[kind] = now
	n.log(text, "account", n.account)
}
