// Package apitest is a client of the gateway's HTTP API that oapi-codegen makes from the
// OpenAPI document, as a training platform would make its own. It is there to be tested
// with: that it compiles and drives the API judges the document.
//
// Main type: [ClientWithResponses].
//
// It promises nothing that the document does not say.
//
// Neighbours: httpapi, whose openapi-3.0.json it is made from.
package apitest

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package apitest -o client.gen.go ../openapi-3.0.json
