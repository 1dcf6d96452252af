package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// DefaultKeepChanges is how long the feed is kept where the configuration does not say.
const DefaultKeepChanges = 30 * day

// API is the block of the same name: what the gateway's HTTP server is.
type API struct {
	// Listen is the address of the server; empty for none.
	Listen string
	// PublicURL is how servers of calendars reach it for notifications, without a slash
	// at its end; empty for not.
	PublicURL string
	// CertFile and KeyFile make it speak TLS, both absolute; both are read again when
	// they change.
	CertFile, KeyFile string
	Tokens            []Token
	Webhooks          []Webhook
	RateLimit         RateLimit
	// KeepChanges is how long changes stay in the feed, and events for operators; zero
	// stands for [DefaultKeepChanges].
	KeepChanges time.Duration
	// MaxBodyBytes bounds the body of a request that brings many objects.
	MaxBodyBytes int64
}

// Scope is what a token may do.
type Scope string

// The scopes of a [Token].
const (
	ScopeRead     Scope = "read"
	ScopeSchedule Scope = "schedule:write"
	ScopeOperate  Scope = "operate"
)

// Token is who may ask.
type Token struct {
	Name string
	// Hash is the SHA-256 of the secret; the secret itself is not kept.
	Hash   [32]byte
	Scopes []Scope
	// Providers the token is for; nil for all.
	Providers []string
	Range     hcl.Range
}

// The events of a [Webhook].
const (
	EventFeedAdvanced     = "feed.advanced"
	EventRemovalsHeld     = "removals.held"
	EventAccountFailing   = "account.failing"
	EventAccountRecovered = "account.recovered"
	EventTrainerStale     = "trainer.stale"
)

// Events are the types of messages that a [Webhook] may name.
func Events() []string {
	return []string{EventFeedAdvanced, EventRemovalsHeld, EventAccountFailing, EventAccountRecovered, EventTrainerStale}
}

// Webhook is an address that is told when the feed moves on and when operators should
// know something.
type Webhook struct {
	Name, URL string
	// Secret signs the messages, as the Standard Webhooks scheme does: "whsec_" and
	// base64.
	Secret string
	// Events are the types of messages to send; nil for all.
	Events []string
	// Providers are those that it hears of; nil for all.
	Providers []string
	Range     hcl.Range
}

// RateLimit bounds what one token may ask: requests a second in the long run, and at
// once.
type RateLimit struct {
	PerSecond float64
	Burst     int
}
