package conf

import (
	"cmp"
	"net/netip"
	"slices"
)

// span is a range of addresses that a virtual server serves.
type span struct {
	protocol    Protocol
	port        uint16
	first, last netip.Addr
	order       int // of the virtual server in the file
}

// checkShared warns of services that two virtual servers have, by an address,
// a group or a fwmark: their real servers are put together and the settings of
// the first one count.
func (b *builder) checkShared(servers []*rawServer) {
	type mark struct {
		fwmark uint32
		family Family
	}
	var spans []span
	marks := map[mark]int{}
	for i, v := range servers {
		switch v.Kind {
		case ByAddress:
			spans = append(spans, span{v.Protocol, v.Addr.Port(), v.Addr.Addr(), v.Addr.Addr(), i})
			continue
		case ByFwmark:
			if j, again := marks[mark{v.Fwmark, v.Family}]; again && j != i {
				b.reportShared(servers[j], v)
				continue
			}
			marks[mark{v.Fwmark, v.Family}] = i
		}
		for _, m := range v.Members {
			if m.First.IsValid() {
				spans = append(spans, span{v.Protocol, m.Port, m.First, m.Last, i})
				continue
			}
			key := mark{m.Fwmark, cmp.Or(m.Family, v.Family)}
			if j, again := marks[key]; again && j != i {
				b.reportShared(servers[j], v)
			} else {
				marks[key] = i
			}
		}
	}
	slices.SortFunc(spans, func(x, y span) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.port, y.port), x.first.Compare(y.first), cmp.Compare(x.order, y.order))
	})
	for i := 1; i < len(spans); i++ {
		x, y := &spans[i-1], &spans[i]
		if x.protocol != y.protocol || x.port != y.port || x.last.Less(y.first) {
			continue
		}
		if x.order != y.order {
			b.reportShared(servers[min(x.order, y.order)], servers[max(x.order, y.order)])
		}
		if y.last.Less(x.last) { // x reaches further: the next one is compared with it
			y.last, y.order = x.last, x.order
		}
	}
}

func (b *builder) reportShared(first, second *rawServer) {
	b.report(sharedService, second.pos, "Virtual server %s has a service that %s of line %d has already", second.display(), first.display(), first.pos.Line)
}
