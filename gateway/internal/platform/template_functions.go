package platform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// maxTemplateText bounds the texts that a template works with.
const maxTemplateText = 64 << 10

var errTextTooLong = errors.New("the text would be longer than 64 KiB")

// templateFunctions are what a template may call. They depend on their arguments alone
// and cannot make much of little: there is no env or file, so that no secret gets into a
// calendar, and nothing that reads a clock, so that a rendering can be repeated.
var templateFunctions = map[string]function.Function{
	"upper": stdlib.UpperFunc, "lower": stdlib.LowerFunc, "title": stdlib.TitleFunc,
	"trimspace": stdlib.TrimSpaceFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc,
	"substr": stdlib.SubstrFunc, "strlen": stdlib.StrlenFunc, "split": stdlib.SplitFunc,
	"compact": stdlib.CompactFunc, "length": stdlib.LengthFunc, "contains": stdlib.ContainsFunc,
	"formatdate": stdlib.FormatDateFunc,
	"coalesce":   coalesceFunction, "join": joinFunction, "replace": replaceFunction,
}

// TemplateFunctions returns the names of the functions a template may call.
func TemplateFunctions() []string {
	var names []string
	for name := range templateFunctions {
		names = append(names, name)
	}
	return names
}

// coalesceFunction is the first of its texts that is not empty, else empty.
var coalesceFunction = function.New(&function.Spec{
	Description: "the first text that is not empty",
	VarParam:    &function.Parameter{Name: "texts", Type: cty.String},
	Type:        function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		for _, a := range args {
			if strings.TrimSpace(a.AsString()) != "" {
				return a, nil
			}
		}
		return cty.StringVal(""), nil
	},
})

// joinFunction joins the texts of a list that are not empty.
var joinFunction = function.New(&function.Spec{
	Description: "the texts of a list that are not empty, with a separator between them",
	Params:      []function.Parameter{{Name: "separator", Type: cty.String}, {Name: "texts", Type: cty.List(cty.String)}},
	Type:        function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		separator, size := args[0].AsString(), 0
		var texts []string
		for i, v := range args[1].AsValueSlice() {
			switch {
			case v.IsNull():
				return cty.NilVal, function.NewArgErrorf(1, "element %d is null", i)
			case strings.TrimSpace(v.AsString()) == "":
				continue
			}
			texts = append(texts, v.AsString())
			if size += len(v.AsString()) + len(separator); size > maxTemplateText {
				return cty.NilVal, errTextTooLong
			}
		}
		return cty.StringVal(strings.Join(texts, separator)), nil
	},
})

// replaceFunction replaces a part of a text wherever it is found.
var replaceFunction = function.New(&function.Spec{
	Description: "a text with another in the place of a part of it",
	Params:      []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}, {Name: "by", Type: cty.String}},
	Type:        function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, part, by := args[0].AsString(), args[1].AsString(), args[2].AsString()
		switch {
		case part == "":
			return cty.NilVal, function.NewArgError(1, fmt.Errorf("the part to replace is empty"))
		case len(text)+strings.Count(text, part)*len(by) > maxTemplateText:
			return cty.NilVal, errTextTooLong
		}
		return cty.StringVal(strings.ReplaceAll(text, part, by)), nil
	},
})
