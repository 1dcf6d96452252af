package sdktest

import "slices"

// cases are the whole suite.
var cases = slices.Concat(accountCases, writeCases, readCases, textCases, watchCases)
