package world

import (
	"html"
	"regexp"
	"strings"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPreview is how many characters a [Body.Preview] has at most.
const maxPreview = 255

// Exchange's documents around a text that was written as plain text, and around a
// fragment of HTML.
const (
	contentType = `<meta http-equiv="Content-Type" content="text/html; charset=utf-8">` + "\r\n"
	textBefore  = "<html>\r\n<head>\r\n" + contentType +
		`<meta name="Generator" content="Microsoft Exchange Server">` + "\r\n" +
		"<!-- converted from text -->\r\n" +
		"<style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style></head>\r\n" +
		`<body>` + "\r\n" + `<font size="2"><span style="font-size:11pt;"><div class="PlainText">`
	textAfter  = "</div></span></font>\r\n</body>\r\n</html>\r\n"
	htmlBefore = "<html>\r\n<head>\r\n" + contentType + "</head>\r\n<body>\r\n"
	htmlAfter  = "\r\n</body>\r\n</html>\r\n"
)

// AsHTML returns the text as a client sees it that asks for HTML. Exchange never
// returns what was written: it puts a document of its own around it.
func (b Body) AsHTML() string {
	switch {
	case b.Content == "":
		return ""
	case !b.HTML:
		text := html.EscapeString(canonicalText(b.Content))
		return textBefore + strings.ReplaceAll(text, "\r\n", "<br>\r\n") + textAfter
	case documentTag.MatchString(b.Content):
		return headTag.ReplaceAllString(b.Content, "${0}\r\n"+strings.TrimSpace(contentType))
	}
	return htmlBefore + b.Content + htmlAfter
}

var (
	documentTag = regexp.MustCompile(`(?i)<html[\s>]`)
	headTag     = regexp.MustCompile(`(?i)<head[^>]*>`)
)

// AsText returns the text as a client sees it that asks for plain text: without
// markup, with CRLF line ends, without space at the ends of lines and of the text.
func (b Body) AsText() string {
	if !b.HTML {
		return canonicalText(b.Content)
	}
	doc, err := nethtml.Parse(strings.NewReader(b.Content))
	if err != nil {
		return canonicalText(b.Content)
	}
	var out strings.Builder
	writeText(&out, doc)
	return canonicalText(out.String())
}

// Preview is the beginning of the plain text, at most 255 characters.
func (b Body) Preview() string {
	text := []rune(b.AsText())
	return string(text[:min(len(text), maxPreview)])
}

func canonicalText(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return strings.TrimRight(strings.Join(lines, "\r\n"), "\r\n")
}

// writeText writes what a reader sees of a node.
func writeText(out *strings.Builder, n *nethtml.Node) {
	switch {
	case n.Type == nethtml.TextNode:
		writeWords(out, n.Data)
		return
	case n.DataAtom == atom.Style || n.DataAtom == atom.Script || n.DataAtom == atom.Head:
		return
	case n.DataAtom == atom.Br:
		out.WriteString("\n")
		return
	}
	if block[n.DataAtom] {
		startLine(out)
	}
	for child := range n.ChildNodes() {
		writeText(out, child)
	}
	if block[n.DataAtom] {
		startLine(out)
	}
}

// block holds the elements that stand on lines of their own.
var block = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Li: true, atom.Ul: true, atom.Ol: true, atom.Tr: true, atom.Table: true,
	atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Blockquote: true,
}

func startLine(out *strings.Builder) {
	if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
		out.WriteString("\n")
	}
}

// writeWords writes text with its white space collapsed.
func writeWords(out *strings.Builder, s string) {
	words := strings.Join(strings.FieldsFunc(s, isSpace), " ")
	written := out.String()
	fresh := written == "" || strings.HasSuffix(written, "\n") || strings.HasSuffix(written, " ")
	if s != "" && isSpace(rune(s[0])) && !fresh {
		out.WriteString(" ")
	}
	out.WriteString(words)
	if words != "" && isSpace(rune(s[len(s)-1])) {
		out.WriteString(" ")
	}
}

// isSpace knows HTML's white space, which the no-break space is not.
func isSpace(r rune) bool { return strings.ContainsRune(" \t\r\n\f", r) }
