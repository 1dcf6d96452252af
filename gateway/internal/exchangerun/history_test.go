package exchangerun

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/trainercal/trainercal/gateway/internal/platform"
	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// history is a random sequence of what trainers and the platform do. It is told to
// several rigs in the same words, and never looks at what a gateway made of it.
type history struct {
	random   *rand.Rand
	trainers []string
	courses  []platform.Course
	// natives are the appointments that trainers made, in order; nil where deleted.
	natives []*nativeItem
	made    int
}

type nativeItem struct {
	trainer string
	// ids are the item's in each of the rigs.
	ids    []world.ItemID
	start  time.Time
	series bool
}

func newHistory(seed uint64, trainers ...string) *history {
	return &history{random: rand.New(rand.NewPCG(seed, seed)), trainers: trainers}
}

// cycle is what happens between two runs: two or three edits.
func (h *history) cycle(rigs ...*rig) {
	for range 2 + h.random.IntN(2) {
		h.edit(rigs)
	}
	for _, r := range rigs {
		r.give(h.courses...)
	}
}

func (h *history) edit(rigs []*rig) {
	switch n := h.random.IntN(12); {
	case n < 3 && len(h.courses) < 40:
		h.addCourse()
	case n < 5:
		h.changeCourse()
	case n == 5:
		h.dropCourse()
	case n < 9 && len(h.natives) < 200:
		h.addNative(rigs)
	case n == 9:
		h.changeNative(rigs)
	case n == 10:
		h.dropNative(rigs)
	default:
		h.meddle(rigs)
	}
}

// days is a day that neither slides into nor out of the window, nor into the past.
func (h *history) days() int { return 5 + h.random.IntN(60) }

func (h *history) someone() string { return h.trainers[h.random.IntN(len(h.trainers))] }

func (h *history) name(kind string) string {
	h.made++
	return fmt.Sprintf("%s %d", kind, h.made)
}

func (h *history) addCourse() {
	c := course(h.name("c"), h.days(), h.someone())
	if second := h.someone(); second != c.Trainers[0].ID {
		c.Trainers = append(c.Trainers, platform.CourseTrainer{ID: second})
	}
	h.courses = append(h.courses, c)
}

// changeCourse changes what triggers a push: title, time, status or trainers.
func (h *history) changeCourse() {
	if len(h.courses) == 0 {
		return
	}
	c := &h.courses[h.random.IntN(len(h.courses))]
	switch h.random.IntN(4) {
	case 0:
		c.Alias = h.name("Renamed")
	case 1:
		at := noon.AddDate(0, 0, h.days())
		c.Start, c.End = at, at.Add(time.Duration(1+h.random.IntN(5))*time.Hour)
	case 2:
		c.Status = []platform.Status{platform.StatusCancelled, platform.StatusConfirmed}[h.random.IntN(2)]
	case 3:
		c.Trainers = []platform.CourseTrainer{{ID: h.someone()}}
	}
}

func (h *history) dropCourse() {
	if len(h.courses) > 0 {
		h.courses = slices.Delete(h.courses, 0, 1)
	}
}

// addNative lets a trainer make an appointment; some are series, some private or free.
func (h *history) addNative(rigs []*rig) {
	a := native(h.name("Own"), h.days())
	n := &nativeItem{trainer: h.someone(), start: a.Start}
	switch h.random.IntN(6) {
	case 0:
		a.Sensitivity = world.Private
	case 1:
		a.ShowAs = world.Free
	case 2, 3:
		n.series = true
		a.Recurrence = &world.Recurrence{
			Pattern: world.Pattern{Kind: world.Weekly, Interval: 1, Days: []time.Weekday{a.Start.Weekday()}, FirstDayOfWeek: time.Monday},
			Range:   world.Range{Count: 3 + h.random.IntN(5)},
		}
	}
	for _, r := range rigs {
		n.ids = append(n.ids, r.put(n.trainer, a).Item)
	}
	h.natives = append(h.natives, n)
}

// changeNative changes an appointment, or one occurrence of a series.
func (h *history) changeNative(rigs []*rig) {
	n := h.aNative()
	if n == nil {
		return
	}
	hours := time.Duration(1+h.random.IntN(4)) * time.Hour
	subject, occurrence := h.name("Edited"), h.random.IntN(2)
	for i, r := range rigs {
		ref := world.Ref{Item: n.ids[i]}
		if n.series {
			ref.Occurrence = world.DateOf(n.start).AddDays(7 * occurrence)
		}
		r.change(n.trainer, ref, func(a *world.Appointment) {
			a.Subject, a.End = subject, a.Start.Add(hours)
		})
	}
}

// dropNative deletes an appointment, or the third occurrence of a series first.
func (h *history) dropNative(rigs []*rig) {
	n := h.aNative()
	if n == nil {
		return
	}
	whole := !n.series || h.random.IntN(2) == 0
	for i, r := range rigs {
		ref := world.Ref{Item: n.ids[i]}
		if !whole {
			ref.Occurrence = world.DateOf(n.start).AddDays(14)
		}
		if err := r.box(n.trainer).Delete(ref, world.ToDeletedItems, world.Write{}); err != nil && whole {
			r.t.Fatal(err)
		}
	}
	if whole {
		h.natives = slices.DeleteFunc(h.natives, func(other *nativeItem) bool { return other == n })
	}
}

func (h *history) aNative() *nativeItem {
	if len(h.natives) == 0 {
		return nil
	}
	return h.natives[h.random.IntN(len(h.natives))]
}

// meddle lets a trainer change or delete an appointment of ours, where it is there
// already (push-9).
func (h *history) meddle(rigs []*rig) {
	if len(h.courses) == 0 {
		return
	}
	c := h.courses[h.random.IntN(len(h.courses))]
	if len(c.Trainers) == 0 {
		return
	}
	label, away := c.Trainers[0].ID, h.random.IntN(2) == 0
	key := platform.CourseKey(platform.TrainerID{Provider: provider, Label: label}, c.ID)
	for _, r := range rigs {
		for _, i := range r.box(label).Items(world.Calendar) {
			switch {
			case markerKey(r.t, i) != key:
			case away:
				r.remove(label, i.Ref)
			default:
				r.change(label, i.Ref, func(a *world.Appointment) { a.Subject = "My own title" })
			}
		}
	}
}
