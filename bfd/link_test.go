package bfd

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
)

// link is two Cores, each the other's neighbour, with one clock.
type link struct {
	ends    [2]*Core
	addr    [2]netip.Addr
	cut     [2]bool // what this end sends is lost
	dead    [2]bool
	arrival func() (after Time, lost bool)
	flying  []flight
	now     Time
}

type flight struct {
	at      Time
	to      int
	payload []byte
}

func newLink(sessions [2]conf.BFDInstance, seed uint64) *link {
	l := &link{addr: [2]netip.Addr{here, there}}
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range l.ends {
		l.ends[i] = NewCore(random.Uint32)
	}
	l.arrival = func() (Time, bool) { return ms, false }
	for i, c := range l.ends {
		l.carry(i, c.Start(0, config(sessions[i])))
	}
	return l
}

func (l *link) carry(from int, a *Actions) {
	for _, p := range a.Packets {
		if after, lost := l.arrival(); !lost && !l.cut[from] {
			l.flying = append(l.flying, flight{l.now + after, 1 - from, append([]byte(nil), p.Payload[:]...)})
		}
	}
}

// until lets everything happen up to end, in order; each is called after every
// step.
func (l *link) until(end Time, each func()) {
	for {
		next, which := end, -1
		for i, f := range l.flying {
			if f.at <= next {
				next, which = f.at, i
			}
		}
		timer := -1
		for i, c := range l.ends {
			if at, ok := c.Deadline(); ok && !l.dead[i] && at < next {
				next, timer = at, i
			}
		}
		if timer < 0 && which < 0 {
			l.now = end
			return
		}
		l.now = next
		switch {
		case timer >= 0:
			l.carry(timer, l.ends[timer].Step(next, Tick{}))
		default:
			f := l.flying[which]
			l.flying = append(l.flying[:which], l.flying[which+1:]...)
			if !l.dead[f.to] {
				l.carry(f.to, l.ends[f.to].Step(next, &PacketReceived{Src: l.addr[1-f.to], Dst: l.addr[f.to], TTL: 255, Payload: f.payload}))
			}
		}
		each()
	}
}

func (l *link) session(i int) *session { return l.ends[i].byName["B"] }

func (l *link) up() (n int) {
	for i := range l.ends {
		if !l.dead[i] && l.session(i).state == Up {
			n++
		}
	}
	return n
}

func nothing() {}

func anySession(t *rapid.T, who int) conf.BFDInstance {
	interval := rapid.SampledFrom([]Time{10 * ms, 20 * ms, 50 * ms, 300 * ms, time.Second})
	b := configured()
	b.MinTx, b.MinRx = interval.Draw(t, "min_tx"), interval.Draw(t, "min_rx")
	b.Multiplier = uint8(rapid.IntRange(1, 5).Draw(t, "multiplier"))
	if who == 1 {
		b.Neighbor, b.Source = here, there
		b.Passive = rapid.Bool().Draw(t, "passive")
	}
	return b
}

// Whatever a link does to packets: once it is well, both ends come up and stay
// up, through reloads too; and when one end or one direction dies, no end
// stays up for longer than its detection time.
func TestPairOverABadLink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sessions := [2]conf.BFDInstance{anySession(t, 0), anySession(t, 1)}
		l := newLink(sessions, rapid.Uint64().Draw(t, "seed"))

		loss, delay := rapid.IntRange(0, 90).Draw(t, "loss"), rapid.IntRange(0, 200).Draw(t, "delay")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "link"), 2))
		l.arrival = func() (Time, bool) { return Time(random.IntN(delay+1)) * ms, random.IntN(100) < loss }
		l.until(Time(rapid.IntRange(0, 5000).Draw(t, "bad"))*ms, nothing)

		l.arrival = func() (Time, bool) { return 2 * ms, false }
		// Every late packet has arrived after 0.2 s; a slow detection may have to end (5 x 1 s), then each side speaks once.
		l.until(l.now+9*time.Second, nothing)
		if l.up() != 2 {
			t.Fatalf("9 s after the link was well: %v and %v", l.session(0).state, l.session(1).state)
		}
		for range 3 {
			i := rapid.IntRange(0, 1).Draw(t, "end")
			b := anySession(t, i)
			b.Passive = sessions[i].Passive
			l.carry(i, l.ends[i].Reload(l.now, config(b)))
			l.until(l.now+Time(rapid.IntRange(0, 2000).Draw(t, "pause"))*ms, func() {
				if l.up() != 2 {
					t.Fatalf("at %v the session flaps: %v and %v", l.now, l.session(0).state, l.session(1).state)
				}
			})
		}
		l.until(l.now+5*time.Second, nothing) // poll sequences end

		last := l.now + 2*ms
		allowed := last + max(l.session(0).detection(), l.session(1).detection())
		switch victim := rapid.IntRange(0, 1).Draw(t, "victim"); rapid.SampledFrom([]string{"crash", "one way", "both ways"}).Draw(t, "failure") {
		case "crash":
			l.dead[victim] = true
		case "one way":
			l.cut[victim] = true
			allowed += 2 * ms // the other end is told
		case "both ways":
			l.cut = [2]bool{true, true}
		}
		l.until(allowed, nothing)
		l.until(allowed+10*time.Second, func() {
			if n := l.up(); n > 0 {
				t.Fatalf("at %v, after %v, %d end(s) are up", l.now, allowed, n)
			}
		})
		l.cut = [2]bool{}
		if l.dead == [2]bool{} {
			if l.until(l.now+9*time.Second, nothing); l.up() != 2 {
				t.Fatalf("9 s after the failure has ended: %v and %v", l.session(0).state, l.session(1).state)
			}
		}
	})
}
