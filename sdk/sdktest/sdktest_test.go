package sdktest

import "testing"

func TestMemory(t *testing.T) { Run(t, MemorySubject()) }
