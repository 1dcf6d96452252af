package sdktest

import (
	"testing"

	"go.uber.org/goleak"
)

// No call and no watch leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) { Run(t, MemorySubject()) }
