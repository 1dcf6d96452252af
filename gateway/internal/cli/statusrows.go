package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trainercal/trainercal/gateway/internal/app"
)

// Of an account with more than fewTrainers, those that are well are counted, and at most
// mostRows of the others listed.
const (
	fewTrainers = 12
	mostRows    = 12
)

// worthListing counts the trainers of a large account and returns those to list.
func (s *statusPage) worthListing(members []app.TrainerStatus) []app.TrainerStatus {
	if s.all || len(members) <= fewTrainers {
		return members
	}
	counts, unwell := map[app.Health]int{}, []app.TrainerStatus{}
	for _, t := range members {
		counts[t.Health]++
		if t.Health != app.InSync && t.Health != app.Off && t.Health != app.Pilot {
			unwell = append(unwell, t)
		}
	}
	var parts []string
	for _, h := range []app.Health{app.Failing, app.Stale, app.Unknown, app.Held, app.Paused, app.InSync, app.Pilot, app.Off} {
		if counts[h] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[h], healthWords[h]))
		}
	}
	s.out.printf("  %d trainers: %s\n", len(members), strings.Join(parts, ", "))
	if more := len(unwell) - mostRows; more > 0 {
		s.out.printf("  the first %d that are not in sync; gateway status --all lists everybody\n", mostRows)
		unwell = unwell[:mostRows]
	}
	return unwell
}

// watched counts the calendars of an account that are watched, and says why others are not.
func (s *statusPage) watched(account string) {
	on, all := 0, 0
	reasons := map[string]int{}
	for _, m := range s.mappings {
		if m.Account != account || m.Watch == nil {
			continue
		}
		if all++; m.Watch.Watched {
			on++
			continue
		}
		reasons[m.Watch.Reason]++
	}
	if all == 0 {
		return
	}
	s.out.printf("  watched: %d of %s\n", on, plural(all, "calendar"))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		s.out.printf("    not watched, %d: %s\n", reasons[reason], reason)
	}
}
