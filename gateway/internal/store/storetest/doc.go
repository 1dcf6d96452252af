// Package storetest holds what every store driver must do, as tests.
//
// Main types: [Driver] says how to open a store; [Run] runs the suite against it.
// The cases are independent of each other: each opens a state of its own.
//
// Neighbours: store defines the promises, store/sqlite runs the suite.
package storetest
