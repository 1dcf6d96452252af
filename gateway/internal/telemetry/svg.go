package telemetry

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The measures of a drawn waterfall, in pixels.
const (
	svgWidth, svgLabel, svgRow = 1180, 640, 18
	svgLeft, svgTop            = 10, 44
	svgBar                     = svgWidth - svgLabel - 90
)

// svgColors are those of the services, in the order in which they appear.
var svgColors = []string{"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#76b7b2"}

// SVG draws a trace as [Waterfall] prints it, under a title.
func SVG(w io.Writer, title string, roots []*Node) error {
	l, rows := newLayout(roots, minWidth), 0
	walk(roots, func(*Node) { rows++ })
	d := &drawing{out: &strings.Builder{}, layout: l, colors: map[string]string{}}
	fmt.Fprintf(d.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" role="img" font-family="ui-monospace, monospace" font-size="12">`+"\n",
		svgWidth, svgTop+rows*svgRow+svgLeft)
	fmt.Fprintf(d.out, `<title>%s</title><rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n", escape(title))
	d.text(svgLeft, 24, "#111111", title)
	for _, n := range roots {
		d.node(n, 0)
	}
	d.out.WriteString("</svg>\n")
	_, err := io.WriteString(w, d.out.String())
	return err
}

// drawing is a waterfall that is being drawn.
type drawing struct {
	out    *strings.Builder
	layout layout
	colors map[string]string
	row    int
}

func (d *drawing) node(n *Node, depth int) {
	y := svgTop + d.row*svgRow
	d.row++
	from, to := d.place(n.Start), d.place(n.End)
	color := d.color(service(n))
	d.text(svgLeft+depth*14, y+12, "#111111", cut(d.layout.text(n), 92-2*depth))
	fmt.Fprintf(d.out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"><title>%s, %s</title></rect>`+"\n",
		from, y+2, max(to-from, 2), svgRow-5, color, escape(service(n)), duration(n.End.Sub(n.Start)))
	d.text(svgLabel+svgBar+8, y+12, "#555555", duration(n.End.Sub(n.Start)))
	for _, c := range n.Children {
		d.node(c, depth+1)
	}
}

// place is where a time is on the line.
func (d *drawing) place(t time.Time) int {
	share := 0.0
	if d.layout.total > 0 {
		share = float64(t.Sub(d.layout.begin)) / float64(d.layout.total)
	}
	return svgLabel + int(min(max(share, 0), 1)*svgBar)
}

func (d *drawing) color(service string) string {
	if d.colors[service] == "" {
		d.colors[service] = svgColors[len(d.colors)%len(svgColors)]
	}
	return d.colors[service]
}

func (d *drawing) text(x, y int, color, text string) {
	fmt.Fprintf(d.out, `<text x="%d" y="%d" fill="%s" xml:space="preserve">%s</text>`+"\n", x, y, color, escape(text))
}

func cut(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}

func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a builder takes everything
	return out.String()
}
