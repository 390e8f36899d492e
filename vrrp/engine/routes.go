package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"halbd/conf"
	"halbd/netstate"
)

// routeKey is a route as the kernel tells it from others, with its legs.
type routeKey struct {
	netstate.RouteKey
	legs string
}

// routeKind is how a set handles routes. What is found out about a route is
// kept while its interfaces are the same.
type routeKind struct {
	mirror *netstate.Mirror
	known  map[*conf.Route]*foundRoute
	byKey  map[routeKey]*foundRoute
}

// foundRoute is a route with its interfaces found.
type foundRoute struct {
	on    *netstate.RouteOn
	shown *netstate.Route
	key   routeKey
	out   []int // where the kernel was last seen to lead it, when that is left to the kernel
}

func newRouteKind(m *netstate.Mirror) *routeKind {
	return &routeKind{mirror: m, known: map[*conf.Route]*foundRoute{}, byKey: map[routeKey]*foundRoute{}}
}

// key has no place for a route while an interface of it is missing or
// administratively down: the kernel would not take it.
func (r *routeKind) key(v *conf.Route) (routeKey, bool) {
	f := r.known[v]
	fresh := f == nil
	if fresh {
		f = &foundRoute{on: &netstate.RouteOn{Route: v, Hops: make([]int, len(v.NextHops))}}
	}
	same := true
	find := func(name string, index *int) bool {
		if name == "" {
			return true
		}
		l := r.mirror.Link(name)
		if l == nil || !l.AdminUp {
			return false
		}
		same = same && *index == l.Index
		*index = l.Index
		return true
	}
	on := &netstate.RouteOn{Route: v, Index: f.on.Index, Hops: append([]int(nil), f.on.Hops...)}
	if !find(v.Interface, &on.Index) {
		return routeKey{}, false
	}
	for i := range v.NextHops {
		if !find(v.NextHops[i].Interface, &on.Hops[i]) {
			return routeKey{}, false
		}
	}
	if fresh || !same {
		shown := on.Shown()
		f = &foundRoute{on: on, shown: shown, key: routeKey{shown.RouteKey, legsText(shown)}}
		r.known[v] = f
	}
	r.byKey[f.key] = f
	return f.key, true
}

func legsText(r *netstate.Route) string {
	var b strings.Builder
	for _, l := range r.Legs {
		fmt.Fprintf(&b, "%v %d,", l.Gateway, l.Index)
	}
	return b.String()
}

func (r *routeKind) present(k routeKey, _ *conf.Route) (there, altered bool) {
	f := r.byKey[k]
	there, altered = r.mirror.HasRoute(f.shown)
	if there && slices.ContainsFunc(f.shown.Legs, func(l netstate.Leg) bool { return l.Index == 0 && l.Gateway.IsValid() }) {
		f.out = r.mirror.RouteLinks(f.shown)
	}
	return there, altered
}

func (r *routeKind) assume(k routeKey, _ *conf.Route, present bool) {
	r.mirror.AssumeRoute(r.byKey[k].shown, present)
}

func (r *routeKind) same(a, b *conf.Route) bool { return reflect.DeepEqual(a, b) }

// untracked routes are those that may go: the kernel removes one that expires,
// and those of another protocol number belong to whoever has that number.
func (r *routeKind) untracked(v *conf.Route) bool {
	return v.NoTrack || v.Expires != 0 || v.Protocol != netstate.AddressProtocol
}

func (r *routeKind) exists(routeKey) bool { return true }

func (r *routeKind) usable(k routeKey) bool {
	return !slices.ContainsFunc(r.byKey[k].out, func(index int) bool {
		l := r.mirror.ByIndex(index)
		return l == nil || !l.AdminUp
	})
}

func (r *routeKind) object(k routeKey, _ *conf.Route) netstate.Object { return r.byKey[k].on }

// forgetConfig drops what was found about routes that are not ours.
func (r *routeKind) forgetConfig(ours map[routeKey]entry[conf.Route]) {
	clear(r.known)
	for k := range r.byKey {
		if _, ok := ours[k]; !ok {
			delete(r.byKey, k)
		}
	}
}

// ruleKind is how a set handles routing rules. A rule may name interfaces that
// do not exist: the kernel joins them when they come.
type ruleKind struct{ mirror *netstate.Mirror }

func (r ruleKind) key(v *conf.RoutingRule) (netstate.RuleKey, bool) {
	return netstate.RuleKeyOf(v), true
}

func (r ruleKind) present(k netstate.RuleKey, _ *conf.RoutingRule) (there, altered bool) {
	return r.mirror.HasRule(k), false
}

func (r ruleKind) assume(k netstate.RuleKey, _ *conf.RoutingRule, present bool) {
	r.mirror.AssumeRule(k, present)
}

func (ruleKind) same(*conf.RoutingRule, *conf.RoutingRule) bool { return true } // the key says everything

func (ruleKind) untracked(v *conf.RoutingRule) bool {
	return v.NoTrack || v.Protocol != netstate.AddressProtocol
}

func (ruleKind) exists(netstate.RuleKey) bool { return true }

func (ruleKind) usable(netstate.RuleKey) bool { return true }

func (ruleKind) object(k netstate.RuleKey, _ *conf.RoutingRule) netstate.Object {
	return &netstate.RuleFor{Key: k}
}
