package engine

import (
	"halbd/netstate"
	"halbd/vrrp"
)

// kind tells a set of its objects. K is how the kernel tells them apart, V how
// the configuration describes them.
type kind[K comparable, V any] interface {
	// key finds the place of an object; false while it has none, because an
	// interface is missing.
	key(*V) (K, bool)
	// present says whether the kernel has it, as far as the mirror knows;
	// altered, whether one stands in its place that is not as wanted.
	present(K, *V) (there, altered bool)
	// assume enters into the mirror what has just been asked of the kernel.
	assume(k K, v *V, present bool)
	same(a, b *V) bool
	untracked(*V) bool // no_track: somebody else may take it away
	exists(K) bool     // the interface that it is on is there, as far as that is known
	usable(K) bool     // its interface is up; when not, the kernel itself may have removed it
	object(K, *V) netstate.Object
}

// entry is an object that we have set.
type entry[V any] struct {
	v   *V
	job uint64 // that asks the kernel for it
}

// set makes the kernel's objects of one kind equal to what is wanted: at
// start, on reload, after drift and on the way out, by one path. It changes
// the mirror as if the kernel had obeyed, and returns the work.
type set[K comparable, V any] struct {
	kind   kind[K, V]
	watch  *thefts
	ours   map[K]entry[V]
	wanted map[K]*V // between begin and post
	gone   map[K]vrrp.Time
}

func newSet[K comparable, V any](k kind[K, V], watch *thefts) *set[K, V] {
	return &set[K, V]{kind: k, watch: watch, ours: map[K]entry[V]{}, gone: map[K]vrrp.Time{}}
}

// work is what one comparison asks of the kernel.
type work struct {
	job   uint64 // its number
	now   vrrp.Time
	sure  uint64 // the mirror knows the outcome of jobs up to this one
	adds  []netstate.Op
	drops []netstate.Op
}

// echoTime is how long the kernel's notice of our own removal may take. An
// object that is wanted again meanwhile seems to be lost when it comes.
const echoTime = vrrp.Time(1e9)

// begin starts a complete comparison.
func (s *set[K, V]) begin(now vrrp.Time) {
	s.wanted = make(map[K]*V, len(s.ours))
	for k, at := range s.gone {
		if now-at > echoTime {
			delete(s.gone, k)
		}
	}
}

// want says that these objects of one owner are to be there.
func (s *set[K, V]) want(w *work, by owner, list []V) {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok && s.wanted[k] == nil {
			s.wanted[k] = &list[i]
			s.add(w, by, k, &list[i])
		}
	}
}

// unwanted removes what we have set and nobody wants any more.
func (s *set[K, V]) unwanted(w *work) {
	for k, e := range s.ours {
		if s.wanted[k] == nil {
			s.drop(w, k, e.v)
		}
	}
}

// leftovers removes those of the configured objects that nobody wants now,
// whoever has set them, if may agrees.
func (s *set[K, V]) leftovers(w *work, list []V, may func(K) bool) {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok && s.wanted[k] == nil {
			if there, altered := s.kind.present(k, &list[i]); (there || altered) && may(k) {
				s.drop(w, k, &list[i])
			}
		}
	}
}

// drop removes an object that is there, or that we have set: what the mirror
// says of that may be younger than a job that still makes it.
func (s *set[K, V]) drop(w *work, k K, v *V) {
	_, ours := s.ours[k]
	delete(s.ours, k)
	if there, altered := s.kind.present(k, v); there || altered || ours && s.kind.exists(k) {
		s.kind.assume(k, v, false)
		s.gone[k] = w.now
		w.drops = append(w.drops, netstate.Op{Remove: true, Object: s.kind.object(k, v)})
	}
}

// gain makes these objects of one owner be there. It is the short way of a
// take-over, where looking at every other object too would cost time.
func (s *set[K, V]) gain(w *work, by owner, list []V) {
	for i := range list {
		if k, ok := s.kind.key(&list[i]); ok {
			s.add(w, by, k, &list[i])
		}
	}
}

func (s *set[K, V]) add(w *work, by owner, k K, v *V) {
	was, set := s.ours[k]
	there, altered := s.kind.present(k, v)
	edited := set && was.v != v && !s.kind.same(was.v, v)
	old := v
	switch {
	case edited:
		altered, old = true, was.v
	case there && set:
		return
	case set && s.kind.untracked(v):
		return
	case set && s.stolen(w, was, k) && !s.watch.taken(w.now, by, s.kind.object(k, v).String()):
		delete(s.ours, k)
		return
	case !set && s.watch.contested(w.now, s.kind.object(k, v)):
		return
	}
	if altered {
		s.gone[k] = w.now
		w.adds = append(w.adds, netstate.Op{Remove: true, Object: s.kind.object(k, old)})
	}
	s.ours[k] = entry[V]{v, w.job}
	s.kind.assume(k, v, true)
	w.adds = append(w.adds, netstate.Op{Object: s.kind.object(k, v)})
}

// stolen says whether a missing object was there and is not missing because of
// what we or the interface have done.
func (s *set[K, V]) stolen(w *work, was entry[V], k K) bool {
	at, removed := s.gone[k]
	return was.job <= w.sure && s.kind.usable(k) && !(removed && w.now-at <= echoTime)
}

// refused takes note that a job, or one before it, could not make an object: it
// is missing, unless a later job makes it.
func (s *set[K, V]) refused(k K, job uint64) {
	if e, ok := s.ours[k]; ok && e.job <= job {
		delete(s.ours, k)
		s.kind.assume(k, e.v, false)
	}
}

// has says whether an object is there, or about to be.
func (s *set[K, V]) has(v *V) bool {
	k, ok := s.kind.key(v)
	if !ok {
		return false
	}
	there, _ := s.kind.present(k, v)
	return there
}

// forget drops what was set and is known to have gone with its interface.
func (s *set[K, V]) forget(gone func(K) bool) {
	for k := range s.ours {
		if gone(k) {
			delete(s.ours, k)
		}
	}
}
