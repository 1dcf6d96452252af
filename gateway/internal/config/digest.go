package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// digest tells configurations apart: by the text of their files, and of the files that
// these read with file(), tables of trainers included. What a plugin's settings read is
// among it, which is evaluated later. Variables of the environment are not: each process
// has its own.
func digest(files map[string]*hcl.File, ctx *hcl.EvalContext) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		if file == nil {
			continue
		}
		put(h, file.Bytes)
		if body, ok := file.Body.(*hclsyntax.Body); ok {
			_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
				if call, ok := node.(*hclsyntax.FunctionCallExpr); ok && call.Name == "file" {
					put(h, textOf(call, ctx))
				}
				return nil
			})
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// put adds one text, so that no two lists of texts are the same.
func put(h hash.Hash, text []byte) {
	fmt.Fprintf(h, "%d:", len(text))
	h.Write(text)
}

// textOf is what file() reads; nothing where it cannot, which is told elsewhere.
func textOf(call *hclsyntax.FunctionCallExpr, ctx *hcl.EvalContext) []byte {
	value, diags := call.Value(ctx)
	if diags.HasErrors() || value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return nil
	}
	return []byte(value.AsString())
}
