// Package exchangerun holds no code of the gateway: its tests let the runner work with
// the plugin for Exchange Online, in this process, over the simulated Exchange. What is
// tested here takes both: how the engine lives with what Graph does.
//
// Main types: rig (rig_test.go) is a gateway with a state of its own and a simulator
// whose clock the test sets forward; history (history_test.go) is a random sequence of
// what trainers and the platform do, which can be told to several rigs.
//
// Promised by the tests, by name: a history of many cycles under faults of every kind
// ends like one without (cycles_test.go); the scenarios of Graph that the plugin's own
// tests cannot show (scenarios_*_test.go).
//
// Neighbours: runner and store/sqlite are under test with plugins/exchangeonline;
// plugins/exchangesim is the server. Package soak compares histories with a model.
package exchangerun
