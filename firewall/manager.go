package firewall

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Manager owns the table. It is used by one goroutine at a time.
type Manager struct {
	conn *conn
	have map[tableKey]*table // as of our last transaction
	last Ruleset             // that have was made of
	lost bool                // nothing of have is sure: somebody else changed it, or nothing was done yet
}

// ErrUnsupported says that this kernel has no nf_tables.
var ErrUnsupported = errors.New("the kernel has no nf_tables")

// Open opens a connection in the network namespace of the calling thread. The
// first Cover or Apply also removes what a killed process has left in the table.
func Open() (*Manager, error) {
	c, err := dial()
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if err != nil {
		return nil, err
	}
	return &Manager{conn: c, have: map[tableKey]*table{}, lost: true}, nil
}

// Close releases the connection and leaves the table as it is.
func (m *Manager) Close() { m.conn.Close() }

// Cover adds what a ruleset has and the table has not, and takes nothing away:
// for the time in which addresses change from one ruleset's to the other's.
func (m *Manager) Cover(r *Ruleset) error { return m.apply(r.Over(&m.last), true) }

// Apply makes the table equal to a ruleset.
func (m *Manager) Apply(r *Ruleset) error { return m.apply(r, false) }

// Mistrust makes the next Cover or Apply write the table anew.
func (m *Manager) Mistrust() { m.lost = true }

func (m *Manager) apply(r *Ruleset, keep bool) error {
	want := tables(r)
	for k, t := range m.have {
		if keep && want[k] == nil {
			want[k] = t // under the name of another configuration
		}
	}
	err := m.commit(want)
	if err != nil && !m.lost && !unsupported(err) {
		m.lost = true // what we took for granted is not so: write everything
		err = m.commit(want)
	}
	if unsupported(err) {
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if err != nil {
		return err
	}
	if m.lost {
		m.sweep(want, r.Table)
	}
	m.have, m.last, m.lost = want, *r, false
	return nil
}

// sweep removes what may be left in our name. A family that the kernel does
// not have has nothing to be removed.
func (m *Manager) sweep(want map[tableKey]*table, name string) {
	for _, k := range []tableKey{{unix.NFPROTO_IPV4, name}, {unix.NFPROTO_IPV6, name}} {
		if want[k] == nil && name != "" {
			m.conn.transact(k.remove())
		}
	}
}

func unsupported(err error) bool { return errors.Is(err, unix.EOPNOTSUPP) }

func (m *Manager) commit(want map[tableKey]*table) error {
	list := m.diff(want)
	if len(list) == 0 {
		return nil
	}
	if err := m.conn.transact(list); err != nil {
		return fmt.Errorf("change nftables: %w", err)
	}
	return nil
}

// diff lists the requests that lead to the wanted tables.
func (m *Manager) diff(want map[tableKey]*table) []request {
	var list []request
	for _, k := range sortedKeys(want) {
		t, have := want[k], m.have[k]
		if have == nil || m.lost || !have.sameShape(t) {
			list = append(list, t.create()...)
			continue
		}
		for i, s := range t.sets {
			add, remove := have.sets[i].changes(s)
			list = append(list, t.elements(s, remove, true)...)
			list = append(list, t.elements(s, add, false)...)
		}
	}
	for _, k := range sortedKeys(m.have) {
		if want[k] == nil {
			list = append(list, k.remove()...)
		}
	}
	return list
}

func sortedKeys(list map[tableKey]*table) []tableKey {
	return slices.SortedFunc(maps.Keys(list), func(a, b tableKey) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return int(a.family) - int(b.family)
	})
}
