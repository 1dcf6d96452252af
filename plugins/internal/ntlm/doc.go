// Package ntlm signs HTTP connections in with NTLM, for servers that offer neither
// Basic nor tokens.
//
// Main type: [Transport] is an http.RoundTripper that signs in as one user. NTLM
// proves a user to a connection and not to a request, so a Transport holds its
// connections itself: each carries one request at a time, over HTTP/1.1, stays open
// between requests, and is never shared with another user. A connection costs one
// handshake, however many requests it carries.
//
// The package promises:
//   - channel binding: where TLS is spoken, the sign-in is bound to the certificate
//     that the server showed (RFC 5929, tls-server-end-point), as servers with Extended
//     Protection demand, unless [Options.NoChannelBinding] says otherwise;
//   - a body is sent once the server has seen who asks, never twice with credentials;
//   - refused credentials come back as the server's 401, after one attempt, and what
//     waited for its turn meanwhile is refused without another attempt;
//   - a handshake that broke off for any other reason is an [*Error]: it was no
//     attempt to sign in, and nothing was carried out.
//
// Known limits: NTLMv2 only, as Extended Protection demands; no message integrity code
// (MIC), which Exchange does not ask for; a proxy that ends TLS with a certificate of its
// own cannot be bound to, see [Options.NoChannelBinding].
//
// Neighbours: github.com/Azure/go-ntlmssp makes the messages; plugins/internal/ews
// sends its requests through a Transport; plugins/exchangesim plays the server in tests.
package ntlm
