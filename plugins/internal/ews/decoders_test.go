package ews

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// answerSeeds are answers of each kind, the published and recorded ones among them.
func answerSeeds(f *testing.F) {
	f.Helper()
	for _, seed := range []reply{
		calendarFolder(),
		response("GetFolder", success("GetFolder", `<m:Folders><t:CalendarFolder><t:FolderId Id="f"/><t:TotalCount>3</t:TotalCount>`+
			`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x670A" PropertyType="SystemTime"/><t:Value>2026-03-01T10:00:00Z</t:Value></t:ExtendedProperty>`+
			`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x670B" PropertyType="Integer"/><t:Value>7</t:Value></t:ExtendedProperty></t:CalendarFolder></m:Folders>`)),
		response("FindItem", success("FindItem", `<m:RootFolder TotalItemsInView="1" IncludesLastItemInRange="true"><t:Items>`+calendarXML(1, december().Start)+`</t:Items></m:RootFolder>`)),
		response("GetItem", success("GetItem", "<m:Items><t:CalendarItem>"+strings.Join(wholeItem, "")+"</t:CalendarItem></m:Items>")),
		response("GetItem", success("GetItem", "<m:Items><t:CalendarItem><t:ItemId Id=\"i\"/><t:Start>2026-03-01T10:00:00Z</t:Start><t:End>2026-03-01T10:00:00Z</t:End>"+
			"<t:IsAllDayEvent>true</t:IsAllDayEvent>"+customEurope+"</t:CalendarItem></m:Items>")),
		response("SyncFolderItems", syncXML("H4sI", true, `<t:Delete><t:ItemId Id="a"/></t:Delete>`)),
		response("DeleteItem", success("DeleteItem", ""), failure("DeleteItem", CodeItemNotFound)),
		response("Subscribe", success("Subscribe", "<m:SubscriptionId>JwBh=</m:SubscriptionId>")),
		faulty(CodeServerBusy, "1000"),
	} {
		f.Add([]byte(seed.body))
	}
	for _, seed := range sampleSeeds(f) {
		f.Add(seed)
	}
}

// fuzzMessages decodes whatever a server may send as an answer whose messages are of one
// kind, and does with them what the client does: that ends with an answer or an error, and
// takes memory in proportion to the size of what was sent.
func fuzzMessages[M message](f *testing.F, use func(M)) {
	answerSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var a answer[M]
		if decode(body, &a) == nil && a.Body != nil {
			if a.Body.Fault != nil {
				_ = a.Body.Fault.err().Error()
			}
			if a.Body.Response != nil && a.Body.Response.Messages != nil {
				for _, m := range a.Body.Response.Messages.List {
					_ = m.outcome().err()
					use(m)
				}
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20+bytesPerByte*uint64(len(body)) {
			t.Errorf("%d bytes allocated for an answer of %d", took, len(body))
		}
	})
}

// bytesPerByte is the most memory, let go at once for the greater part, that decoding may
// take for each byte: an empty element has four.
const bytesPerByte = 1000

func FuzzFolderMessage(f *testing.F) {
	fuzzMessages(f, func(m folderMessage) {
		r := m.calendar()
		_, _ = r.Value.Mark.Age(time.Unix(0, 0))
	})
}

func FuzzFindMessage(f *testing.F) {
	fuzzMessages(f, func(m findMessage) {
		if m.Root == nil || m.Root.Items == nil {
			return
		}
		_, _ = m.whole(0, viewLimit)
		for _, i := range m.Root.Items.Calendar {
			_, _ = i.Calendar(View{})
		}
	})
}

func FuzzItemsMessage(f *testing.F) {
	fuzzMessages(f, func(m itemsMessage) {
		_ = m.item()
		for _, i := range m.Items.Calendar {
			_ = i.ZoneUnknown()
			_, _ = i.Calendar(View{Whole: true})
		}
	})
}

func FuzzSyncMessage(f *testing.F) { fuzzMessages(f, func(m syncMessage) { _ = m.changes() }) }

func FuzzDeleteMessage(f *testing.F) { fuzzMessages(f, func(deleteMessage) {}) }

func FuzzSubscribeMessage(f *testing.F) { fuzzMessages(f, func(subscribeMessage) {}) }

// elsewhereFuzzed are decoders whose fuzz test has another name.
var elsewhereFuzzed = map[string]string{"streamMessage": "FuzzEnvelopes"}

// A decoder of answers without a fuzz test fails here: every type that embeds Status has
// one of its name.
func TestEveryDecoderIsFuzzed(t *testing.T) {
	types, functions := declarations(t)
	if len(types) < 6 {
		t.Fatalf("%v: the test looks in the wrong place", types)
	}
	for _, name := range types {
		want := elsewhereFuzzed[name]
		if want == "" {
			want = "Fuzz" + strings.ToUpper(name[:1]) + name[1:]
		}
		if !slices.Contains(functions, want) {
			t.Errorf("%s has no %s: add one, so that it is tried with whatever a server may send", name, want)
		}
	}
}

// declarations are the types of this package that embed Status, and its functions, by the
// source.
func declarations(t *testing.T) (types, functions []string) {
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncDecl:
				functions = append(functions, x.Name.Name)
			case *ast.TypeSpec:
				if embedsStatus(x) {
					types = append(types, x.Name.Name)
				}
			}
			return true
		})
	}
	return types, functions
}

func embedsStatus(spec *ast.TypeSpec) bool {
	s, ok := spec.Type.(*ast.StructType)
	return ok && slices.ContainsFunc(s.Fields.List, func(field *ast.Field) bool {
		id, named := field.Type.(*ast.Ident)
		return len(field.Names) == 0 && named && id.Name == "Status"
	})
}
