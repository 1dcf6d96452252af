package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/gateway/internal/platform"
)

// map-10: who has no mapping, one that is off, or one that is only pulled from is told once.
func TestUnmapped(t *testing.T) {
	id := func(label string) platform.TrainerID {
		return platform.TrainerID{Provider: "northwind", Label: label}
	}
	mapped := func(label string, calendar bool, direction Direction) Trainer {
		return Trainer{ID: id(label), Service: "exchange-online", Calendar: calendar, Direction: direction}
	}
	cfg := &Config{Providers: []Provider{{Name: "northwind", Trainers: []Trainer{
		mapped("both", true, Both), mapped("out", true, Out), mapped("in", true, In), mapped("off", false, Both),
	}}}}
	var all []platform.CourseTrainer
	for _, label := range []string{"off", "nobody", "both", "in", "out"} {
		all = append(all, platform.CourseTrainer{ID: label})
	}
	courses := []platform.Course{{Provider: "northwind", Trainers: all}, {Provider: "northwind", Trainers: all[:2]}, {Provider: "contoso", Trainers: all[2:3]}}
	want := []platform.TrainerID{{Provider: "contoso", Label: "both"}, id("in"), id("nobody"), id("off")}
	if diff := cmp.Diff(want, cfg.Unmapped(courses)); diff != "" {
		t.Error(diff)
	}
}
