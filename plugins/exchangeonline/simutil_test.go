package exchangeonline_test

import "github.com/google/go-cmp/cmp/cmpopts"

var sortStrings = cmpopts.SortSlices(func(a, b string) bool { return a < b })
