// Package serve turns a backend into a plugin program.
//
// Main function: [Main], which is all that a plugin's main needs:
//
//	func main() { serve.Main(mybackend.New()) }
//
// It promises that the process ends when the gateway does, however that ends; that
// a panic in a call answers an error and leaves the other calls alone; that the
// contract is held whatever the backend does (sizes, privacy, one end for each
// mailbox); and that traces and metrics go to the gateway and are complete when it
// asks for a flush or ends the plugin. Whatever is logged with hclog.FromContext or
// hclog.Default() reaches the gateway's log, where only listed fields are let through.
//
// Neighbours: sdk/host starts such a program; package sdk is the contract.
package serve
