package main

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/trainercal/trainercal/"

// goPackage is what `go list` tells of a package.
type goPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Deps            []string
}

// importRules says which of our own packages the packages under a path may depend
// on, directly or not. The first rule that matches counts.
var importRules = []struct {
	under   string
	allowed []string
	why     string
}{
	{"sdk", []string{"sdk"}, "a plugin author gets the SDK and nothing else of ours"},
	{"plugins", []string{"plugins", "sdk"}, "a plugin is a program of its own: it knows the contract, not the host"},
	{"gateway/internal/reconcile", []string{"gateway/internal/reconcile", "sdk/calendar"}, "planning is pure"},
	{"gateway/internal/config", []string{"gateway/internal/config", "gateway/internal/platform", "sdk"}, "a configuration can be read without a gateway"},
	{"gateway/internal/platform", []string{"gateway/internal/platform", "sdk/calendar"}, "platform data knows nothing of how it is stored or sent"},
	{"gateway", []string{"gateway", "sdk"}, "the host reaches calendars through plugin processes only"},
	{"examples/hello-plugin", []string{"examples/hello-plugin", "sdk"}, "it shows what a plugin author has"},
	{"examples", []string{"examples", "plugins/exchangesim", "plugins/internal", "sdk"}, "examples drive the real programs"},
}

// onlyImporter names, for packages that know much, the one package that may import them.
var onlyImporter = map[string]string{
	"gateway/internal/app": "gateway/internal/cli",
	"gateway/internal/cli": "gateway",
}

func TestImportsFollowTheDesign(t *testing.T) {
	for _, p := range listPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		for _, dep := range p.Deps {
			own, isOwn := strings.CutPrefix(dep, module)
			if !isOwn {
				continue
			}
			if why, allowed := mayImport(path, own); !allowed {
				t.Errorf("%s depends on %s: %s", path, own, why)
			}
		}
	}
}

// mayImport looks up the rule for a package; the reason is the rule's.
func mayImport(path, dep string) (why string, allowed bool) {
	if only, restricted := onlyImporter[dep]; restricted && path != only && !(only == "gateway/internal/cli" && path == "gateway") {
		return "only " + only + " may import it", false
	}
	for _, rule := range importRules {
		if !under(path, rule.under) {
			continue
		}
		return rule.why, slices.ContainsFunc(rule.allowed, func(a string) bool { return under(dep, a) })
	}
	return "there is no rule for " + path, false
}

func under(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

func TestMayImportRefuses(t *testing.T) {
	for _, c := range []struct{ path, dep string }{
		{"sdk/host", "gateway/internal/config"},
		{"plugins/exchangeonline", "gateway/internal/store"},
		{"gateway/internal/reconcile", "sdk"},
		{"gateway/internal/runner", "plugins/exchangesim"},
		{"gateway/internal/store", "gateway/internal/app"},
		{"elsewhere", "sdk"},
	} {
		if _, allowed := mayImport(c.path, c.dep); allowed {
			t.Errorf("%s may import %s", c.path, c.dep)
		}
	}
}

func TestEveryPackageHasItsDoc(t *testing.T) {
	for _, p := range listPackages(t) {
		if doc := packageDoc(t, p); len(strings.Fields(doc)) < 8 {
			t.Errorf("%s has no package documentation that says what it is for", p.ImportPath)
		}
	}
}

// packageDoc returns the longest package comment among the package's files.
func packageDoc(t *testing.T, p goPackage) string {
	t.Helper()
	longest := ""
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if text := file.Doc.Text(); len(text) > len(longest) {
			longest = text
		}
	}
	return longest
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Dir,GoFiles,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}
