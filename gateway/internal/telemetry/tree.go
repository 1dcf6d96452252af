package telemetry

import (
	"cmp"
	"slices"
)

// Node is a span in its place in a trace.
type Node struct {
	Span
	Children []*Node
	// Ref numbers the spans that others link to, from 1; 0 for no number.
	Ref int
	// Refs are the numbers of the spans this one links to.
	Refs []int
	// Orphan: the span names a parent that was never recorded, for example because
	// its process was killed.
	Orphan bool
}

// Tree puts a trace's spans in order: roots by start, and below each its children by
// start. Every span is in the result once.
func Tree(spans []Span) []*Node {
	nodes := map[string]*Node{}
	ordered := make([]*Node, 0, len(spans))
	for _, s := range spans {
		if nodes[s.SpanID] == nil {
			nodes[s.SpanID] = &Node{Span: s}
			ordered = append(ordered, nodes[s.SpanID])
		}
	}
	slices.SortStableFunc(ordered, byStart)
	var roots []*Node
	for _, n := range ordered {
		parent := nodes[n.ParentID]
		if parent == nil || above(nodes, n, parent) {
			n.Orphan = n.ParentID != ""
			roots = append(roots, n)
			continue
		}
		parent.Children = append(parent.Children, n)
	}
	number(roots, nodes)
	return roots
}

func byStart(a, b *Node) int {
	return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End), cmp.Compare(a.SpanID, b.SpanID))
}

// above reports whether n is its parent's own ancestor: recorded ids are outside
// bytes, and a ring would have no root.
func above(nodes map[string]*Node, n, parent *Node) bool {
	seen := map[*Node]bool{}
	for p := parent; p != nil && !seen[p]; p = nodes[p.ParentID] {
		if p == n {
			return true
		}
		seen[p] = true
	}
	return false
}

// number gives the targets of links their numbers, in the order of the tree.
func number(roots []*Node, nodes map[string]*Node) {
	linked := map[*Node]bool{}
	for _, n := range nodes {
		for _, id := range n.Links {
			if target := nodes[id]; target != nil {
				linked[target] = true
			}
		}
	}
	next := 0
	walk(roots, func(n *Node) {
		if linked[n] {
			next++
			n.Ref = next
		}
	})
	walk(roots, func(n *Node) {
		for _, id := range n.Links {
			if target := nodes[id]; target != nil {
				n.Refs = append(n.Refs, target.Ref)
			}
		}
		slices.Sort(n.Refs)
		n.Refs = slices.Compact(n.Refs)
	})
}

func walk(nodes []*Node, visit func(*Node)) {
	for _, n := range nodes {
		visit(n)
		walk(n.Children, visit)
	}
}
