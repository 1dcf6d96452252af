package world_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainercal/trainercal/plugins/exchangesim/world"
)

// Exchange rewrites what is written: what comes back is never byte for byte the same.
func TestBodyAsText(t *testing.T) {
	for _, tc := range []struct {
		name string
		body world.Body
		want string
	}{
		{"empty", world.Body{}, ""},
		{"text", world.Body{Content: "one  \ntwo <b>\r\n\n"}, "one\r\ntwo <b>"},
		{"fragment", world.Body{HTML: true, Content: "one<br>two &lt;b&gt;"}, "one\r\ntwo <b>"},
		{"document", world.Body{HTML: true, Content: "<html><head><style>p{}</style></head><body><p>one\n two</p><p>three</p></body></html>"}, "one two\r\nthree"},
		{"list", world.Body{HTML: true, Content: "<ul><li>one<li><b>tw</b>o</ul>"}, "one\r\ntwo"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.body.AsText()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBodyAsHTML(t *testing.T) {
	if got := (world.Body{}).AsHTML(); got != "" {
		t.Errorf("an empty body is %q", got)
	}
	for _, tc := range []struct {
		body world.Body
		want string
	}{
		{world.Body{Content: "one\ntwo <b>"}, "one<br>\r\ntwo &lt;b&gt;"},
		{world.Body{HTML: true, Content: "<p>one</p>"}, "<body>\r\n<p>one</p>\r\n</body>"},
		{world.Body{HTML: true, Content: "<html><head></head><body>one</body></html>"}, "<head>\r\n<meta http-equiv=\"Content-Type\""},
	} {
		got := tc.body.AsHTML()
		if !strings.Contains(got, tc.want) || !strings.HasPrefix(got, "<html>") {
			t.Errorf("%+v became %q, want %q in it", tc.body, got, tc.want)
		}
		back := world.Body{HTML: true, Content: got}.AsText()
		if diff := cmp.Diff(tc.body.AsText(), back); diff != "" {
			t.Errorf("the text of the document (-want +got):\n%s", diff)
		}
	}
}

func TestPreview(t *testing.T) {
	long := strings.Repeat("ü", 300)
	if got := (world.Body{Content: long}).Preview(); len([]rune(got)) != 255 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{"one\ntwo", "<p>a<br>b", "<html><head><title>x", "<!-- ", "\x00\xff"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, content string, html bool) {
		b := world.Body{HTML: html, Content: content}
		if text := b.AsText(); strings.HasSuffix(text, "\n") {
			t.Errorf("the text %q ends with an empty line", text)
		}
		_ = b.AsHTML()
		_ = b.Preview()
	})
}
