package pcre

import "slices"

// resolver replaces names by groups and calls by copies of what they call.
type resolver struct {
	*parser
	bodies    map[int]*Node
	pattern   *Pattern
	calling   []int // groups that are being copied
	measuring []int // groups whose width is being computed
	nodes     int
}

// collect finds the body of every group.
func (r *resolver) collect(n *Node) {
	if n.Op == Capture {
		if _, twice := r.bodies[n.Group]; !twice {
			r.bodies[n.Group] = n
		}
	}
	for _, sub := range n.Sub {
		r.collect(sub)
	}
}

// resolve returns the tree without names and calls. Inside a call nothing is
// captured: groups have their old values again when it returns.
func (r *resolver) resolve(n *Node, inCall bool) *Node {
	if r.nodes++; r.nodes > maxNodes {
		r.unsupported(n.at, "a pattern of this size")
	}
	switch n.Op {
	case call:
		return r.call(n)
	case Backref:
		n = r.groupsOf(n)
		if inCall {
			r.unsupported(n.at, "a back reference in a group that is called")
		}
	case Conditional:
		return r.conditional(n, inCall)
	}
	out := *n
	out.Sub = make([]*Node, 0, len(n.Sub))
	for _, sub := range n.Sub {
		out.Sub = append(out.Sub, r.resolve(sub, inCall))
	}
	switch {
	case n.Op == Capture && inCall:
		return out.Sub[0]
	case n.Op == Look && n.Behind:
		_, most := r.width(out.Sub[0])
		if most < 0 || most > maxBehind {
			r.fail(n.at, "lookbehind assertion is not fixed length")
		}
		r.pattern.Behind = max(r.pattern.Behind, most)
	}
	return &out
}

func (r *resolver) call(n *Node) *Node {
	group := n.Group
	if n.names != "" {
		list := r.groupsNamed(n.names)
		if len(list) == 0 {
			r.fail(n.at, "reference to non-existent subpattern")
		}
		group = list[0]
	}
	body := r.bodies[group]
	switch {
	case group == 0 || slices.Contains(r.calling, group):
		r.unsupported(n.at, "a recursive pattern")
	case body == nil:
		r.fail(n.at, "reference to non-existent subpattern")
	}
	r.calling = append(r.calling, group)
	out := r.resolve(body, true)
	r.calling = r.calling[:len(r.calling)-1]
	return out
}

// groupsOf looks up the groups of a reference.
func (r *resolver) groupsOf(n *Node) *Node {
	out := *n
	if n.names != "" {
		out.Groups = r.groupsNamed(n.names)
	}
	if len(out.Groups) == 0 || slices.ContainsFunc(out.Groups, func(g int) bool { return r.bodies[g] == nil }) {
		r.fail(n.at, "reference to non-existent subpattern")
	}
	return &out
}

func (r *resolver) conditional(n *Node, inCall bool) *Node {
	if n.Groups != nil && len(n.Groups) == 0 { // DEFINE
		if len(n.Sub) != 2 || n.Sub[1].Op != Empty {
			r.fail(n.at, "DEFINE subpattern contains more than one branch")
		}
		return &Node{Op: Empty, at: n.at}
	}
	var subs []*Node
	for _, sub := range n.Sub {
		subs = append(subs, r.resolve(sub, inCall))
	}
	if len(subs) == 2 {
		if inCall {
			r.unsupported(n.at, "a condition in a group that is called")
		}
		out := *r.groupsOf(n)
		out.Sub = subs
		return &out
	}
	// An assertion decides: yes behind it, or no behind its opposite.
	against := *subs[0]
	against.Negative = !against.Negative
	yes := &Node{Op: Concat, Sub: []*Node{subs[0], subs[1]}}
	no := &Node{Op: Concat, Sub: []*Node{&against, subs[2]}}
	return &Node{Op: Alternate, Sub: []*Node{yes, no}, at: n.at}
}

// width is how many characters a node matches; most is -1 without a limit.
func (r *resolver) width(n *Node) (least, most int) {
	add := func(a, b int) int {
		if a < 0 || b < 0 {
			return -1
		}
		return a + b
	}
	switch n.Op {
	case Char:
		return 1, 1
	case Concat:
		for _, sub := range n.Sub {
			low, high := r.width(sub)
			least, most = least+low, add(most, high)
		}
	case Alternate, Conditional:
		for i, sub := range n.Sub {
			low, high := r.width(sub)
			if i == 0 {
				least, most = low, high
				continue
			}
			least = min(least, low)
			if most >= 0 && (high < 0 || high > most) {
				most = high
			}
		}
	case Repeat:
		low, high := r.width(n.Sub[0])
		switch {
		case high == 0:
			return 0, 0
		case n.Max < 0 || high < 0:
			return low * n.Min, -1
		}
		return low * n.Min, high * n.Max
	case Capture, Atomic:
		return r.width(n.Sub[0])
	case Backref:
		if len(n.Groups) != 1 || slices.Contains(r.measuring, n.Groups[0]) {
			return 0, -1
		}
		r.measuring = append(r.measuring, n.Groups[0])
		least, most = r.width(r.bodies[n.Groups[0]])
		r.measuring = r.measuring[:len(r.measuring)-1]
	}
	return least, most
}

// isRegular reports whether nothing in the tree looks around or back.
func isRegular(n *Node) bool {
	switch n.Op {
	case Atomic, Look, Backref, Conditional:
		return false
	}
	return !n.Possessive && !slices.ContainsFunc(n.Sub, func(sub *Node) bool { return !isRegular(sub) })
}
