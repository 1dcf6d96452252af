package store

import (
	"testing"

	"pgregory.net/rapid"
)

// What is told as a position is read as the same, whatever the epoch's name.
func TestFeedPlaceRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := FeedPlace{rapid.StringMatching(`[a-z2-7]{1,26}`).Draw(r, "epoch"), rapid.Int64Min(0).Draw(r, "position")}
		if got, err := ParseFeedPlace(want.String()); err != nil || got != want {
			r.Fatalf("%s became %s, %v", want, got, err)
		}
	})
	if got, err := ParseFeedPlace(FeedPlace{}.String()); err != nil || got != (FeedPlace{}) {
		t.Errorf("the start became %s, %v", got, err)
	}
}

// No text makes reading positions panic, and what is read is told as a place again.
func FuzzFeedPlace(f *testing.F) {
	for _, seed := range []string{"0", "17", "-1", "abc.17", "abc.", ".17", "a.b.c", "abc.99999999999999999999", "abc.+1", "abc. 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		place, err := ParseFeedPlace(text)
		if err != nil {
			return
		}
		if place.Position < 0 {
			t.Errorf("%q is before the start: %+v", text, place)
		}
		if place.Epoch == "" {
			return // a number alone, which no epoch knows
		}
		if again, err := ParseFeedPlace(place.String()); err != nil || again != place {
			t.Errorf("%q: %+v became %+v, %v", text, place, again, err)
		}
	})
}
