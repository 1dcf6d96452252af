package graph

import (
	"regexp"
	"testing"

	"github.com/trainercal/trainercal/plugins/internal/oracle"
)

// Every operation has a definition by which its messages are judged, so that a new one
// cannot pass unseen.
func TestOperationsAreJudged(t *testing.T) {
	variables := regexp.MustCompile(`\{\w+\}`)
	for _, op := range operations {
		if path := variables.ReplaceAllString(op.path, "x"); !oracle.GraphJudges(op.method, path) {
			t.Errorf("%s %s has no definition in package oracle", op.method, op.path)
		}
	}
	if oracle.GraphJudges("GET", "/users/x/contacts") {
		t.Error("what is no operation is judged")
	}
}
