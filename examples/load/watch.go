package main

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// watchTwins looks at all calendars over and over until ctx ends: at no moment may one
// hold two items of the gateway's for the same object (push-10).
func watchTwins(ctx context.Context, boxes []*world.Mailbox, f *figures) {
	seen := map[string]bool{}
	for ctx.Err() == nil {
		for _, box := range boxes {
			for _, text := range twins(box.Address(), box.Items(world.Calendar)) {
				if !seen[text] {
					seen[text] = true
					f.fail("%s", text)
				}
			}
		}
		rest(ctx, time.Second)
	}
}

// named finds the id of an object in an appointment's subject.
var named = regexp.MustCompile(`\b[CU]-\d+-\d+\b`)

// twins are the objects that have more than one item in a calendar.
func twins(where string, items []world.Item) []string {
	_, written := parted(items)
	count := map[string]int{}
	var out []string
	for _, item := range written {
		id := named.FindString(item.Subject)
		if count[id]++; id != "" && count[id] == 2 {
			out = append(out, fmt.Sprintf("%s has two items of %s at the same time", where, id))
		}
	}
	return out
}
