package vrrp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
	"halbd/event"
)

// cluster is some hosts on one wire, with one clock: a whole network in
// microseconds, exactly.
type cluster struct {
	hosts []*Core
	cut   []bool // a host that hears and reaches nobody
	now   Time
	lose  func() bool
}

func newCluster(priorities []uint8, nopreempt bool, lose func() bool) *cluster {
	cl := &cluster{cut: make([]bool, len(priorities)), lose: lose}
	for i, p := range priorities {
		c := NewCore(config(router("V", 1, p, func(in *conf.Instance) { in.NoPreempt = nopreempt })))
		c.Step(0, eth0(fmt.Sprintf("10.0.0.%d", i+1)))
		cl.hosts = append(cl.hosts, c)
	}
	for i, c := range cl.hosts {
		cl.deliver(i, c.Start(0))
	}
	return cl
}

// deliver carries adverts to the other hosts at once.
func (cl *cluster) deliver(from int, a *Actions) {
	type sent struct {
		payload []byte
		src     netip.Addr
	}
	var list []sent
	for _, ad := range a.Adverts {
		list = append(list, sent{append([]byte(nil), ad.Payload...), ad.Src})
	}
	if a.Confirm {
		cl.deliver(from, cl.hosts[from].Sent(cl.now, nil))
	}
	for _, ad := range list {
		for to, c := range cl.hosts {
			if to == from || cl.cut[from] || cl.cut[to] || cl.lose() {
				continue
			}
			cl.deliver(to, c.Step(cl.now, PacketReceived{Interface: "eth0", Src: ad.src, Dst: c.instances[0].cfg.Destination, TTL: 255, Payload: ad.payload}))
		}
	}
}

// until lets every timer fire up to end.
func (cl *cluster) until(end Time) {
	for {
		next, at := -1, end
		for i, c := range cl.hosts {
			if d, ok := c.Deadline(); ok && d <= at && (next < 0 || d < at) {
				next, at = i, d
			}
		}
		if next < 0 {
			cl.now = end
			return
		}
		cl.now = at
		cl.deliver(next, cl.hosts[next].Step(at, Tick{}))
	}
}

func (cl *cluster) masters() (list []int) {
	for i, c := range cl.hosts {
		if c.instances[0].state == event.Master {
			list = append(list, i)
		}
	}
	return list
}

// After any cuts and losses, once the wire is whole again there is exactly one
// master within a master-down time, and with pre-emption it is the best host.
func TestClusterHeals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 3).Draw(t, "hosts")
		priorities := make([]uint8, n)
		for i := range priorities {
			priorities[i] = uint8(rapid.IntRange(1, 254).Draw(t, "priority"))
		}
		nopreempt := rapid.Bool().Draw(t, "nopreempt")
		loss := rapid.IntRange(0, 60).Draw(t, "loss percent")
		healthy := false
		lose := func() bool { return !healthy && rapid.IntRange(0, 99).Draw(t, "lost") < loss }
		cl := newCluster(priorities, nopreempt, lose)
		for range rapid.IntRange(0, 5).Draw(t, "steps") {
			cl.until(cl.now + time.Duration(rapid.IntRange(0, 6000).Draw(t, "ms"))*time.Millisecond)
			host := rapid.IntRange(0, n-1).Draw(t, "host")
			cl.cut[host] = !cl.cut[host]
		}
		healthy = true
		clear(cl.cut)
		cl.until(cl.now + 10*s)
		masters := cl.masters()
		if len(masters) != 1 {
			t.Fatalf("masters %v of priorities %v", masters, priorities)
		}
		if nopreempt {
			return
		}
		for i, p := range priorities {
			if p > priorities[masters[0]] {
				t.Fatalf("host %d with priority %d is not master, host %d with %d is", i, p, masters[0], priorities[masters[0]])
			}
		}
	})
}

// A master that dies is replaced within down_timer_adverts intervals and the skew.
func TestClusterTakeover(t *testing.T) {
	cl := newCluster([]uint8{150, 100}, false, func() bool { return false })
	cl.until(10 * s)
	if m := cl.masters(); len(m) != 1 || m[0] != 0 {
		t.Fatalf("masters %v", m)
	}
	cl.cut[0] = true
	cl.until(10*s + 3*s + 156*s/256)
	if m := cl.masters(); len(m) != 2 {
		t.Fatalf("the backup has not taken over: masters %v", m)
	}
	cl.cut[0] = false
	cl.until(16 * s)
	if m := cl.masters(); len(m) != 1 || m[0] != 0 {
		t.Fatalf("after the network heals masters %v", m)
	}
}
