// Command writedocument writes the API's OpenAPI document beside the package that it is
// of. It runs by go generate.
package main

import (
	"fmt"
	"os"

	"github.com/trainercal/trainercal/gateway/internal/httpapi"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write() error {
	v31, v30, err := httpapi.Document()
	if err != nil {
		return err
	}
	if err := os.WriteFile("openapi.json", v31, 0o644); err != nil {
		return err
	}
	return os.WriteFile("openapi-3.0.json", v30, 0o644)
}
