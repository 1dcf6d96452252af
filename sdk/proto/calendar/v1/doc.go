// Package calendarv1 is the code generated from calendar.proto, the contract
// between the gateway and a calendar plugin. The proto file tells the lifecycle,
// the rules of the streams and what each field means; it is what an author in
// another language reads.
//
// Main types: the messages and the CalendarService's client and server. They
// promise nothing beyond the proto: a message from the other process may lack
// fields or hold impossible values.
//
// Neighbours: sdk/internal/wire translates to and from the values of package sdk
// and checks them; nothing else uses this package.
package calendarv1

//go:generate sh -c "cd ../../../.. && go tool -modfile=.ci/tools/go.mod buf generate sdk/proto --template sdk/proto/buf.gen.yaml -o sdk/proto"
