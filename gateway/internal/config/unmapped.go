package config

import (
	"cmp"
	"slices"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// Unmapped are the trainers of courses who have no active mapping that is pushed to, by
// name (map-10): the courses are kept, and pushed when they get one.
func (c *Config) Unmapped(courses []platform.Course) []platform.TrainerID {
	active := map[platform.TrainerID]bool{}
	for _, p := range c.Providers {
		for _, t := range p.Trainers {
			active[t.ID] = t.Push()
		}
	}
	var out []platform.TrainerID
	for _, course := range courses {
		for _, t := range course.Trainers {
			if id := (platform.TrainerID{Provider: course.Provider, Label: t.ID}); !active[id] {
				out = append(out, id)
			}
		}
	}
	slices.SortFunc(out, func(x, y platform.TrainerID) int { return cmp.Compare(x.String(), y.String()) })
	return slices.Compact(out)
}
