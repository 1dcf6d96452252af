package ews

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trainercal/trainercal/plugins/internal/transport"
	"github.com/trainercal/trainercal/sdk"
)

// What a decoder takes of memory is bounded by the answer's size and by the number of its
// elements, whatever a server sends: four kilobytes an element and 64 bytes a byte.
func TestDecodersAreBounded(t *testing.T) {
	const size, elements = 64 << 10, 5000
	open := `<Envelope><Body><XResponse><ResponseMessages>`
	for name, body := range map[string]string{
		"many messages":   open + strings.Repeat("<a/>", elements),
		"many items":      open + "<a><Items>" + strings.Repeat("<CalendarItem/>", elements),
		"many properties": open + "<a><Items><CalendarItem>" + strings.Repeat("<ExtendedProperty/>", elements),
		"many attributes": open + "<a " + strings.Repeat(`b="" `, size/5) + "/>",
		"deep":            strings.Repeat("<a>", elements),
		"references":      open + "<a>" + strings.Repeat("&#1;", size/4),
		"one long text":   open + "<a><ResponseCode>" + strings.Repeat("x", size) + "</ResponseCode></a>",
	} {
		for operation, read := range readers {
			t.Run(name+" for "+operation, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := read([]byte(body))
				runtime.ReadMemStats(&after)
				if err == nil {
					t.Error("no error for half a message")
				}
				if took := after.TotalAlloc - before.TotalAlloc; took > elements*4096+64*uint64(len(body)) {
					t.Errorf("%d KiB allocated for %d", took>>10, len(body)>>10)
				}
			})
		}
	}
}

// An answer with more elements than any real one is refused.
func TestTooManyElements(t *testing.T) {
	var into answer[Status]
	body := `<Envelope><Body><XResponse><ResponseMessages>` + strings.Repeat("<a/>", maxElements)
	if err := decode([]byte(body), &into); !errors.Is(err, errElements) {
		t.Errorf("%v, want %v", err, errElements)
	}
}

// sampleSeeds are the published and recorded answers, none where they are not installed.
func sampleSeeds(f *testing.F) (seeds [][]byte) {
	f.Helper()
	root := os.Getenv("TRAINERCAL_ORACLES")
	if root == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(root, "samples", "ews", "*", "*Response__*.xml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, body)
	}
	return seeds
}

// Whatever comes instead of EWS, it is an error that says what to do, without a word of
// what came.
func FuzzRefusal(f *testing.F) {
	f.Add(200, "text/html", `Basic realm="x"`, "60", []byte("<!DOCTYPE html><html>secret</html>"))
	f.Add(401, "", "NTLM", "", []byte(nil))
	f.Add(302, "", "", "", []byte("secret"))
	f.Add(403, "application/json", "Negotiate", "", []byte(`{"secret":1}`))
	f.Add(502, "text/html; charset=utf-8", "", "Wed, 21 Oct 2026 07:28:00 GMT", []byte("<html>secret"))
	f.Fuzz(func(t *testing.T, status int, kind, scheme, wait string, body []byte) {
		h := http.Header{}
		h.Set("Content-Type", kind)
		h.Set("WWW-Authenticate", scheme)
		h.Set("Retry-After", wait)
		h.Set("Location", kind)
		resp := &transport.Response{Status: status, Header: h, Body: body}
		errs := []*sdk.Error{refusal(resp, time.Unix(0, 0)), Basic("u", "p").explain(nil, h), NTLM().explain(nil, h)}
		for _, err := range errs {
			if err == nil || err.Message == "" || err.Advice == "" || err.RetryAfter < 0 {
				t.Errorf("%+v", err)
			}
			if len(body) > 30 && strings.Contains(err.Error(), string(body)) {
				t.Errorf("it repeats what came: %v", err)
			}
			if len(err.Error()) > 1500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		}
	})
}
