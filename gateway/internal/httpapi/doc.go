// Package httpapi is the gateway's JSON API over HTTP: what a training platform writes
// (courses and unavailability, one by one, in bulk, as a snapshot), what it reads (the
// same, trainers, availability, conflicts), and what operators ask for (runs, plans,
// approvals, pauses).
//
// Main types: [Service] is what the API needs of the gateway; [Server] answers requests.
// The OpenAPI document is made from the Go types of this package ([Document]) and is
// committed as openapi.json (3.1) and openapi-3.0.json.
//
// It promises that nothing is answered without a token, but for health, the document and
// notifications; that a token sees nothing of providers it is not for; that every body
// and every line is bounded before it is read; that errors are problems (RFC 9457) that
// name fields and repeat no values; and that no answer waits for a calendar, but for
// those of plan and explain, which have a deadline.
//
// Neighbours: app implements Service and starts the server; platform decodes objects,
// so that a request and an import file are held to one set of rules.
package httpapi
