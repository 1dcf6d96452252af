// Package sdk is everything a calendar backend is written against: the contract
// between the gateway and a plugin, as Go values and two interfaces.
//
// Main types: [Backend] and [Account], which a plugin implements; the requests and
// answers of their calls; [Error] with its codes; [SettingsError]. The values inside
// them are in package calendar, the description of settings in package schema.
//
// # Writing a backend
//
// A plugin is a program that serves one backend. Its main is a line:
//
//	func main() { serve.Main(mybackend.New()) }
//
// Built as gateway-plugin-NAME and put beside the gateway, it is found by a plugin
// block of that name. The folder examples/hello-plugin has a complete one.
//
// 1. Describe yourself. [Backend.Describe] names the service and declares the
// settings as a schema: the gateway checks the operator's block by it, prints the
// reference from it and never prints what it calls sensitive. No I/O happens here.
//
// 2. Open an account. [Backend.Open] gets the settings as JSON, with defaults filled
// in. Refuse what cannot work with a *[SettingsError] whose diagnostics name the
// attribute's path; the gateway finds file and line. What works and will not for ever is
// warned of by an account that is a [Warner]. Whether the server answers is
// for [Account.Verify] to find out, step by step, leaving nothing behind.
//
// 3. Read. [Account.Read] gets a batch of mailboxes and emits pages. Work on a few
// mailboxes at a time; emit blocks while the gateway is busy, so you never hold more
// than those. Each mailbox ends with exactly one page that has Complete or Err. Set
// Complete only when you saw everything: without it the gateway changes nothing, and
// with Full it takes what you did not report as gone. The cursor is yours; when the
// server or you no longer accept one, read in full and say so. Report recurring
// series as the occurrences inside the window, with the series' id on each, and any
// change of a series as a [calendar.Change] with ReplaceSeries. Where a list cannot
// return the body, mark items Incomplete: [Account.Get] is asked for those that
// matter.
//
// 4. Write. [Account.Write] carries out operations, one result each. Put the marker
// on the item in a property that survives the trainer's edits; [Account.Find] returns
// everything that carries one. Repeating an operation must never make a second item:
// use the server's idempotent create, or search for the marker when MaybeDone says
// that an earlier attempt may have worked. An appointment has no attendees, and no
// operation may make the server mail anybody.
//
// 5. Say what went wrong with a code of the table ([Code.New], [Code.Wrap]): the
// gateway acts on the code, people read the text. What concerns one mailbox is emitted
// for it; return an error only when the whole call failed. A wrapped cause stays in
// the process, and an error of any other type crosses as [ErrInternal] without its
// text: it may hold what must not be seen.
//
// 6. Keep private text inside. Text of items that are not normal never leaves the
// plugin, nor more than the wanted [Detail]. The SDK enforces both, as it enforces
// sizes and ends, but do not fetch what you will not say.
//
// 7. Log with hclog.FromContext(ctx), which puts the ids of run and trace into every
// line, in fixed messages with the fields that the gateway lets through (account,
// operation, status, count and the like; the list is in sdk/host). Use the context you
// are given: it carries the trace, the deadline and the gateway's change of mind.
//
// 8. Measure with OpenTelemetry's global meter and tracer: serve.Main has set both up.
// The gateway passes on the metrics and attributes that its guide lists, and nothing
// else.
//
// 9. Where your server can tell of changes, let your account be a [Watcher], and a
// [Deliverer] if it tells by HTTP requests to the gateway, and announce the capability.
// Hints save time and prove nothing: what is lost is found by the next read.
//
// 10. Test with [github.com/trainercal/trainercal/sdk/sdktest.Run]. It acts as the
// gateway and as the trainer, in process and over gRPC; state what your calendar
// cannot do, with the reason.
//
// # Promises
//
// The contract carries a version; a change that older plugins cannot understand gets
// another one, served beside it for a while. A plugin in another language implements
// calendar.proto, which tells the rules that the SDK keeps for Go.
//
// Neighbours: sdk/serve runs a backend, sdk/host is the gateway's side, sdk/sdktest
// the conformance suite.
package sdk
