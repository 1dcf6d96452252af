// Package platform holds what the training platform tells the gateway: courses
// and unavailability, which of their fields count as a change (push-7), and how a
// course becomes an appointment (push-1 … push-6).
//
// Main types: [TrainerID], [Course], [Unavailability]; [Import], which [Decode] reads
// from JSON or CSV; [Templates], the operator's own texts. The package is pure: it
// reads no clock and does no I/O, and its results do not depend on the machine's zone.
// A template that fails is an error of the one course it fails for.
//
// Neighbours: store keeps these objects, runner asks for the wanted appointments
// of a trainer, cli reads import files with it.
package platform
