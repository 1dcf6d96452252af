package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// MaxFileBytes is the largest file that is read: a configuration file, a table of
// trainers, or what file() names. Ten thousand trainers take about 1 MiB.
const MaxFileBytes = 4 << 20

// functions are what an expression may call. There are no variables on purpose: a
// diagnostic prints variables, and those would hold secrets.
func functions(dir string, lookupEnv func(string) (string, bool)) map[string]function.Function {
	return map[string]function.Function{
		"env":       envFunction(lookupEnv),
		"file":      fileFunction(dir),
		"csvdecode": stdlib.CSVDecodeFunc,
	}
}

// envFunction is env(name) and env(name, default). Without a default, a variable
// that is not set is an error at the argument: an empty password found at run time
// would lock accounts out.
func envFunction(lookup func(string) (string, bool)) function.Function {
	return function.New(&function.Spec{
		Description: "the value of an environment variable",
		Params:      []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam:    &function.Parameter{Name: "default", Type: cty.String},
		Type: func(args []cty.Value) (cty.Type, error) {
			if len(args) > 2 {
				return cty.String, function.NewArgErrorf(2, "env takes a name and at most one default")
			}
			return cty.String, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			if text, ok := lookup(name); ok {
				return cty.StringVal(text), nil
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.NilVal, function.NewArgErrorf(0,
				"the environment variable %s is not set; set it, or give a default: env(%q, \"…\")", name, name)
		},
	})
}

// fileFunction is file(path): a file's text without one trailing line break, as
// secrets are usually mounted with one.
func fileFunction(dir string) function.Function {
	return function.New(&function.Spec{
		Description: "the text of a file, relative to the configuration",
		Params:      []function.Parameter{{Name: "path", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := readFile(resolve(dir, args[0].AsString()))
			switch {
			case err != nil:
				return cty.NilVal, function.NewArgError(0, err)
			case !utf8.Valid(text):
				return cty.NilVal, function.NewArgErrorf(0, "the file is not text in UTF-8")
			}
			trimmed := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
			return cty.StringVal(trimmed), nil
		},
	})
}

// resolve makes a path of the configuration absolute.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// readFile reads a regular file of bounded size. A pipe or device is refused
// before it is opened, because opening one may wait for ever.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, explain(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err != nil {
		return nil, explain(path, err)
	}
	if len(data) > MaxFileBytes {
		return nil, fmt.Errorf("%s is larger than %d MiB", path, MaxFileBytes>>20)
	}
	return data, nil
}

// explain says in plain words why a file cannot be read.
func explain(path string, err error) error {
	var pathErr *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no file %s", path)
	case errors.As(err, &pathErr):
		return fmt.Errorf("cannot read %s: %w", path, pathErr.Err)
	default:
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
}
