package exchangeonline

import (
	"cmp"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp/cmpopts"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

var sortStrings = cmpopts.SortSlices(func(a, b string) bool { return a < b })
