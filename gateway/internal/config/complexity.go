package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Limits on what is parsed: the parser calls itself for every bracket and operator,
// and a file that is only those would exhaust the stack, which nothing recovers.
const (
	maxNesting   = 100
	maxOperators = 10_000
)

// bracket says how a token changes the nesting.
var bracket = map[hclsyntax.TokenType]int{
	hclsyntax.TokenOBrace: 1, hclsyntax.TokenOParen: 1, hclsyntax.TokenOBrack: 1,
	hclsyntax.TokenTemplateInterp: 1, hclsyntax.TokenTemplateControl: 1,
	hclsyntax.TokenCBrace: -1, hclsyntax.TokenCParen: -1, hclsyntax.TokenCBrack: -1,
	hclsyntax.TokenTemplateSeqEnd: -1,
}

var operator = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenBang: true, hclsyntax.TokenMinus: true, hclsyntax.TokenPlus: true, hclsyntax.TokenStar: true,
	hclsyntax.TokenSlash: true, hclsyntax.TokenPercent: true, hclsyntax.TokenQuestion: true,
	hclsyntax.TokenAnd: true, hclsyntax.TokenOr: true, hclsyntax.TokenEqualOp: true, hclsyntax.TokenNotEqual: true,
	hclsyntax.TokenLessThan: true, hclsyntax.TokenLessThanEq: true,
	hclsyntax.TokenGreaterThan: true, hclsyntax.TokenGreaterThanEq: true,
}

// tooComplex returns what is wrong with a text that must not reach the parser; nil
// for every configuration that a person would write.
func tooComplex(s source) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexConfig(s.text, s.name, hcl.InitialPos) // the parser reports its errors
	depth, operators := 0, 0
	for _, t := range tokens {
		depth = max(depth+bracket[t.Type], 0)
		if operator[t.Type] {
			operators++
		}
		if depth > maxNesting || operators > maxOperators {
			return diagnostic(hcl.DiagError, t.Range, "Too complex", fmt.Sprintf(
				"A file has at most %d levels of brackets and %d operators.", maxNesting, maxOperators))
		}
	}
	return nil
}
