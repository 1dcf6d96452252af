// Package login plays the Microsoft identity platform's token endpoint for one tenant
// and one application: client credentials with a secret, a
// certificate or a federated token, tokens that expire, errors
// with their AADSTS numbers.
//
// Main type: [Endpoint], an http.Handler for /{tenant}/oauth2/v2.0/token; the fronts
// ask [Endpoint.Valid] about tokens. Tokens are opaque: clients must not read them.
package login
