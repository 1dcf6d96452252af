package serve

import "testing"

// A plugin that cannot watch its host must not start: it would outlive a killed one.
func TestLifelineThatIsNotThere(t *testing.T) {
	for _, number := range []string{"three", "-1", "60000"} {
		if err := watchLifeline(number); err == nil {
			t.Errorf("the descriptor %q is accepted", number)
		}
	}
	if err := watchLifeline(""); err != nil {
		t.Errorf("without a lifeline: %v", err)
	}
}
