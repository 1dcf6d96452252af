package faults

import "net/http"

// randomModes are faults of every kind that a client of Graph must live with.
var randomModes = []Rule{
	{Mode: Refuse, Status: http.StatusTooManyRequests, RetryAfter: "0.05"},
	{Mode: Refuse, Status: http.StatusTooManyRequests, RetryAfter: "Wed, 21 Oct 2015 07:28:00 GMT"},
	{Mode: Refuse, Status: http.StatusTooManyRequests, RetryAfter: "soon"},
	{Mode: Refuse, Status: http.StatusTooManyRequests},
	{Mode: Refuse, Status: http.StatusTooManyRequests, RetryAfter: "31536000"},
	{Mode: Refuse, Status: http.StatusServiceUnavailable, RetryAfter: "0.1"},
	{Mode: Refuse, Status: http.StatusInternalServerError},
	{Mode: Refuse, Status: http.StatusBadGateway},
	{Mode: Refuse, Status: http.StatusGatewayTimeout},
	{Mode: Refuse, Status: http.StatusUnauthorized},
	{Mode: Refuse, Status: http.StatusForbidden},
	{Mode: Refuse, Status: http.StatusNotFound, Code: "MailboxNotEnabledForRESTAPI"},
	{Mode: Refuse, Status: http.StatusServiceUnavailable, Code: "ErrorMailboxMoveInProgress", RetryAfter: "0.1"},
	{Mode: Lost},
	{Mode: Cut},
	{Mode: Partial},
	{Mode: HTML},
	{Mode: HTML, Status: http.StatusBadGateway},
	{Mode: Hang, DelayMS: 20},
	{Mode: Slow, DelayMS: 20},
	{Mode: Claims},
	{Mode: Foreign, Kind: "Delta"},
	{Mode: Circle, Kind: "Delta"},
	{Mode: Repeat, Kind: "Delta"},
	{Mode: Shuffle, Kind: "Delta"},
	{Mode: Orphans, Kind: "Delta"},
	{Mode: Foreign, Kind: "ListCalendarView"},
	{Mode: Refuse, Kind: "Delta", Status: http.StatusGone},
	{Mode: Refuse, Kind: "Delta", Status: http.StatusBadRequest, Code: "SyncStateInvalid"},
	{Mode: Refuse, Kind: "CreateEvent", Status: http.StatusConflict},
	{Mode: Refuse, Kind: "UpdateEvent", Status: http.StatusPreconditionFailed},
	{Mode: Refuse, Kind: "DeleteEvent", Status: http.StatusPreconditionFailed},
	{Mode: Refuse, Protocol: "login", Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable"},
}

// Random are rules of every kind. Those for any request together hit about a share of
// all of Graph's requests, the items of a $batch included; those for one kind of request
// hit half as many of it in addition, those of sign-ins a share of them.
func Random(share float64) []Rule {
	alike := map[string]int{}
	for _, r := range randomModes {
		alike[r.Protocol+r.Kind]++
	}
	rules := make([]Rule, len(randomModes))
	for i, r := range randomModes {
		r.Rate = share / float64(alike[r.Protocol+r.Kind])
		if r.Kind != "" {
			r.Rate /= 2
		}
		if r.Protocol == "" {
			r.Protocol = "graph"
		}
		rules[i] = r
	}
	return rules
}
