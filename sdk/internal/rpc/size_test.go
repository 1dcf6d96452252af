package rpc

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/trainercal/trainercal/sdk"
	"github.com/trainercal/trainercal/sdk/calendar"
	"github.com/trainercal/trainercal/sdk/internal/wire"
	pb "github.com/trainercal/trainercal/sdk/proto/calendar/v1"
)

const mebibyte = 1 << 20

// Whatever pages a backend emits, the messages are bounded and nothing is lost.
func TestPagesAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]struct{ body, count int }{
			{0, 0}, {0, 1}, {10, 499}, {10, 500}, {10, 501}, {100, 1001}, {calendar.MaxBodyBytes, 130},
		})
		n := 0
		items := func() []calendar.Item {
			k := kind.Draw(t, "kind")
			var list []calendar.Item
			for range k.count {
				n++
				list = append(list, item(n, strings.Repeat("x", k.body)))
			}
			return list
		}
		p := sdk.ReadPage{Mailbox: "a", Complete: complete()}
		for range rapid.IntRange(0, 3).Draw(t, "kinds") {
			if rapid.Bool().Draw(t, "series") {
				p.Changes = append(p.Changes, calendar.Change{ReplaceSeries: &calendar.Series{ID: calendar.ItemID(fmt.Sprint("s", n)), Items: items()}})
				continue
			}
			for _, i := range items() {
				p.Changes = append(p.Changes, calendar.Change{Upsert: &i}, calendar.Change{Remove: i.ID + "-gone"})
			}
		}
		var got sdk.ReadPage
		var parts assembler
		err := sendReadPage(p, func(m *pb.ReadResponse) error {
			checkMessage(t, m, countChanges(m.GetChanges()))
			page, err := parts.page(m)
			got.Mailbox, got.Complete = page.Mailbox, page.Complete
			got.Changes = append(got.Changes, page.Changes...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(p, got) { // a difference would be too long to read
			t.Fatalf("%d changes went out and %d others came back", len(p.Changes), len(got.Changes))
		}
	})
}

func countChanges(changes []*pb.Change) int {
	n := 0
	for _, c := range changes {
		n += max(1, len(c.GetReplaceSeries().GetItems()))
	}
	return n
}

func checkMessage(t *rapid.T, m proto.Message, items int) {
	if size := proto.Size(m); size > mebibyte {
		t.Fatalf("a message of %d bytes", size)
	}
	if items > maxMessageItems {
		t.Fatalf("a message of %d items", items)
	}
}

// Lists of ids and operations go over several messages and arrive whole.
func TestRequestsAreCut(t *testing.T) {
	var gotRead []sdk.ReadRequest
	var gotGet []sdk.GetRequest
	var gotWrite []sdk.WriteRequest
	b := &backend{
		read: func(_ context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
			gotRead = reqs
			for _, r := range reqs {
				if err := emit(sdk.ReadPage{Mailbox: r.Mailbox.Address, Complete: complete()}); err != nil {
					return err
				}
			}
			return nil
		},
		get: func(_ context.Context, reqs []sdk.GetRequest, emit func(sdk.GetPage) error) error {
			gotGet = reqs
			return emit(sdk.GetPage{Mailbox: reqs[0].Mailbox.Address, Missing: reqs[0].IDs, Done: true})
		},
		write: func(_ context.Context, reqs []sdk.WriteRequest, emit func(sdk.WriteResult) error) error {
			gotWrite = reqs
			for _, op := range reqs[0].Operations {
				if err := emit(sdk.WriteResult{Mailbox: reqs[0].Mailbox.Address, Operation: op.ID, ItemID: "x", Version: "v"}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a, seen := account(t, b)
	var ids []calendar.ItemID
	for i := range 8000 {
		ids = append(ids, calendar.ItemID(fmt.Sprintf("%0300d", i)))
	}
	reads := requests(3)
	reads[0].Own, reads[2].Own = ids, ids
	reads[1].Cursor = make([]byte, sdk.MaxCursorBytes)
	if err := a.Read(t.Context(), reads, func(sdk.ReadPage) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reads, gotRead); diff != "" {
		t.Errorf("read: %s", diff)
	}
	gets := []sdk.GetRequest{{Mailbox: reads[0].Mailbox, IDs: ids, Own: ids, Detail: sdk.DetailFull}}
	missing := 0
	if err := a.Get(t.Context(), gets, func(p sdk.GetPage) error { missing += len(p.Missing); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gets, gotGet); diff != "" || missing != len(ids) {
		t.Errorf("get: %d missing, %s", missing, diff)
	}
	writes := []sdk.WriteRequest{{Mailbox: reads[0].Mailbox}}
	for i := range 600 {
		content := item(i, strings.Repeat("x", calendar.MaxBodyBytes)).Appointment
		writes[0].Operations = append(writes[0].Operations, sdk.Operation{
			ID: fmt.Sprint(i), Kind: sdk.Update, ItemID: "x", Appointment: content, Base: &content,
			Marker: calendar.Marker{Installation: "i", Key: "k", Generation: "g"},
		})
	}
	if err := a.Write(t.Context(), writes, func(sdk.WriteResult) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(writes, gotWrite); diff != "" {
		t.Errorf("write: %s", diff)
	}
	if size := seen.bytes.Load(); size > mebibyte {
		t.Errorf("a message of %d bytes", size)
	}
}

// long reports whether tests may take minutes (TRAINERCAL_LONG=1).
func long() bool { return os.Getenv("TRAINERCAL_LONG") != "" }

// A mailbox at the limit, all of it one series, crosses in messages of at most
// 1 MiB; in the long form with the longest texts, which is 90 MB.
func TestLargestSeries(t *testing.T) {
	body := strings.Repeat("x", 500)
	if long() {
		body = strings.Repeat("x", calendar.MaxBodyBytes)
	}
	a, seen := account(t, &backend{read: func(_ context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
		s := &calendar.Series{ID: "s"}
		for n := range sdk.MaxItems {
			s.Items = append(s.Items, item(n, body))
		}
		return emit(sdk.ReadPage{Mailbox: reqs[0].Mailbox.Address, Changes: []calendar.Change{{ReplaceSeries: s}}, Complete: complete()})
	}})
	var got *calendar.Series
	err := a.Read(t.Context(), requests(1), func(p sdk.ReadPage) error {
		if p.Err != nil {
			return p.Err
		}
		for _, c := range p.Changes {
			got = c.ReplaceSeries
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got == nil || len(got.Items) != sdk.MaxItems || got.Items[9999].Body != body {
		t.Error("the series did not arrive whole")
	}
	if size := seen.bytes.Load(); size > mebibyte {
		t.Errorf("a message of %d bytes", size)
	}
}

// The whole of the largest call, 200 mailboxes of 10,000 occurrences, is never in
// memory: the backend is slowed to the receiver's pace. Only the long form runs it in
// full; otherwise mailboxes are smaller.
func TestBackPressure(t *testing.T) {
	perMailbox := 100
	if long() {
		perMailbox = sdk.MaxItems
	}
	const page = 100
	body := strings.Repeat("x", 1000)
	var emitted, received, most, heap atomic.Int64
	a, seen := account(t, &backend{read: func(_ context.Context, reqs []sdk.ReadRequest, emit func(sdk.ReadPage) error) error {
		for _, r := range reqs {
			for n := 0; n < perMailbox; n += page {
				p := sdk.ReadPage{Mailbox: r.Mailbox.Address}
				for i := range page {
					it := item(n+i, body)
					p.Changes = append(p.Changes, calendar.Change{Upsert: &it})
				}
				if err := emit(p); err != nil {
					return err
				}
				emitted.Add(page)
			}
			if err := emit(sdk.ReadPage{Mailbox: r.Mailbox.Address, Complete: &sdk.Complete{Full: true, Covered: window}}); err != nil {
				return err
			}
		}
		return nil
	}})
	ended := 0
	err := a.Read(t.Context(), requests(sdk.MaxMailboxes), func(p sdk.ReadPage) error {
		received.Add(int64(len(p.Changes)))
		most.Store(max(most.Load(), emitted.Load()-received.Load()))
		if p.Err != nil {
			return p.Err
		}
		if p.Complete != nil {
			if ended++; ended%20 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heap.Store(max(heap.Load(), int64(m.HeapInuse)))
			}
		}
		slow(p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	total := int64(sdk.MaxMailboxes * perMailbox)
	if ended != sdk.MaxMailboxes || received.Load() != total {
		t.Fatalf("%d mailboxes and %d items, want %d and %d", ended, received.Load(), sdk.MaxMailboxes, total)
	}
	// A call's window is 1 MiB, a thousand of these items; a few pages are being
	// worked on at either end.
	if limit := int64(3000); most.Load() > limit {
		t.Errorf("%d items were on their way at once, want at most %d", most.Load(), limit)
	}
	if limit := int64(256 * mebibyte); long() && heap.Load() > limit {
		t.Errorf("%d bytes of heap in use, want at most %d", heap.Load(), limit)
	}
	t.Logf("%d items, at most %d on their way, %d MiB of heap, largest message %d bytes", total, most.Load(), heap.Load()>>20, seen.bytes.Load())
}

// slow works on a page for longer than it took to make.
func slow(p sdk.ReadPage) {
	for range 3 {
		for _, c := range p.Changes {
			_ = proto.Size(wire.ItemToProto(c.Upsert))
		}
	}
}
