package platform

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// encodings are those that [TableOptions] may name beside UTF-8: what spreadsheet
// programs of former days save.
var encodings = map[string]encoding.Encoding{
	"windows-1252": charmap.Windows1252, "windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251,
	"iso-8859-1": charmap.ISO8859_1, "iso-8859-15": charmap.ISO8859_15,
}

// text returns a file's data as UTF-8 without a byte order mark. UTF-16 is known by its
// mark; every other encoding is to be named, as bytes do not tell it.
func (d *decoder) text(data []byte) []byte {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return d.transform(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), data, "UTF-16")
	}
	switch name := strings.ToLower(d.options.Table.Encoding); {
	case name == "" || name == "utf-8":
		return bytes.TrimPrefix(data, []byte("\ufeff"))
	case encodings[name] != nil:
		return d.transform(encodings[name], data, name)
	}
	return data // [Decode] refused it
}

func (d *decoder) transform(from encoding.Encoding, data []byte, name string) []byte {
	out, err := from.NewDecoder().Bytes(data)
	if err == nil && bytes.ContainsRune(out, utf8.RuneError) {
		err = fmt.Errorf("some bytes stand for no character")
	}
	if err != nil {
		d.report(pos{line: 1, column: 1}, "", "the text is not %s: %v", name, err)
		return nil
	}
	return out
}

// delimiters are what parts the cells of tables, the likelier first.
const delimiters = ",;\t|"

// delimiter is the one that the header has most of outside quotes.
func delimiter(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	counts, quoted := map[rune]int{}, false
	for _, r := range string(line) {
		if r == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[r]++
		}
	}
	return slices.MaxFunc([]rune(delimiters), func(a, b rune) int { return counts[a] - counts[b] })
}

// withoutSeparatorLine blanks the line "sep=;" that a spreadsheet program may have put
// first, so that the lines after it keep their numbers, and returns what it says.
func withoutSeparatorLine(data []byte) ([]byte, rune) {
	line, rest, found := bytes.Cut(data, []byte("\n"))
	name, sep, _ := strings.Cut(strings.TrimRight(string(line), "\r"), "=")
	if !found || !strings.EqualFold(name, "sep") || len(sep) != 1 || !strings.Contains(delimiters, sep) {
		return data, 0
	}
	return append([]byte("\n"), rest...), rune(sep[0])
}
