// Package ntlmserver is the server's side of NTLM: it challenges a connection and checks the
// proof, the channel binding of Extended Protection included.
//
// Main types: [Server] knows the accounts; a [Session] is what it knows of one
// connection. The messages are written and read here byte by byte after MS-NLMP, apart
// from the library that the plugins sign in with, so that each judges the other.
//
// It does less than Windows: NTLMv2 only, no message integrity code, no sealing.
//
// Neighbours: plugins/exchangesim signs its callers in with it, the tests of
// plugins/internal/ntlm too.
package ntlmserver
