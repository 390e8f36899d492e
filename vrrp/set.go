package vrrp

import (
	"halbd/netstate"
)

// kind tells a set of its objects. K is how the kernel tells them apart, V how
// the configuration describes them.
type kind[K comparable, V any] interface {
	// key finds the place of an object; false while it has none, because an
	// interface is missing.
	key(*V) (K, bool)
	// present says whether the kernel has it, as far as the mirror knows.
	present(K, *V) bool
	// assume enters into the mirror what has just been asked of the kernel.
	assume(k K, v *V, present bool)
	same(a, b *V) bool
	untracked(*V) bool // no_track: somebody else may take it away
	object(K, *V) netstate.Object
}

// set makes the kernel's objects of one kind equal to what is wanted: at
// start, on reload, after drift and on the way out, by one path. It changes
// the mirror as if the kernel had obeyed, and returns the work.
type set[K comparable, V any] struct {
	kind  kind[K, V]
	ours  map[K]*V // what we have set
	taken func(netstate.Object)

	wanted       map[K]*V // between begin and end
	adds, drops  []netstate.Op
	afterOverrun bool // a missing object may be our own unfinished work
}

func newSet[K comparable, V any](k kind[K, V], taken func(netstate.Object)) *set[K, V] {
	return &set[K, V]{kind: k, ours: map[K]*V{}, taken: taken}
}

// begin starts a complete comparison.
func (s *set[K, V]) begin(size int) {
	s.wanted, s.adds, s.drops = make(map[K]*V, size), nil, nil
}

// want says that these objects are to be there.
func (s *set[K, V]) want(list []V) {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok && s.wanted[k] == nil {
			s.wanted[k] = &list[i]
			s.adds = s.add(s.adds, k, &list[i])
		}
	}
}

// unwanted removes what we have set and nobody wants any more.
func (s *set[K, V]) unwanted() {
	for k, v := range s.ours {
		if s.wanted[k] == nil {
			s.drop(k, v)
		}
	}
}

// leftovers removes those of the configured objects that nobody wants now,
// whoever has set them, if may agrees.
func (s *set[K, V]) leftovers(list []V, may func(K) bool) {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok && s.wanted[k] == nil && s.kind.present(k, &list[i]) && may(k) {
			s.drop(k, &list[i])
		}
	}
}

func (s *set[K, V]) drop(k K, v *V) {
	delete(s.ours, k)
	if s.kind.present(k, v) {
		s.kind.assume(k, v, false)
		s.drops = append(s.drops, netstate.Op{Remove: true, Object: s.kind.object(k, v)})
	}
}

// gain appends what makes these objects be there. It is the short way of a
// take-over, where looking at every other object too would cost time.
func (s *set[K, V]) gain(ops []netstate.Op, list []V) []netstate.Op {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok {
			ops = s.add(ops, k, &list[i])
		}
	}
	return ops
}

func (s *set[K, V]) add(ops []netstate.Op, k K, v *V) []netstate.Op {
	was := s.ours[k]
	switch there := s.kind.present(k, v); {
	case there && was != nil && (was == v || s.kind.same(was, v)):
		return ops
	case there && was != nil:
		ops = append(ops, netstate.Op{Remove: true, Object: s.kind.object(k, was)})
	case was != nil && s.kind.untracked(v):
		return ops
	case was != nil && !s.afterOverrun:
		s.taken(s.kind.object(k, v))
	}
	s.ours[k] = v
	s.kind.assume(k, v, true)
	return append(ops, netstate.Op{Object: s.kind.object(k, v)})
}

// forget drops what was set and is known to have gone with its interface.
func (s *set[K, V]) forget(gone func(K) bool) {
	for k := range s.ours {
		if gone(k) {
			delete(s.ours, k)
		}
	}
}
