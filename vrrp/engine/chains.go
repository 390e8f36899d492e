package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"halbd/firewall"
)

// ChainsRequest asks the parent, which may start programs, to make the chains
// of iptables so. The answer is a ChainsDone with the same ID.
type ChainsRequest struct {
	ID     uint64
	Chains firewall.Chains
}

// ChainsDone says what became of a ChainsRequest; an empty Error is success.
type ChainsDone struct {
	ID    uint64
	Error string
}

// chainsLink carries requests to the parent and its answers back. One
// goroutine, the writer's, asks.
type chainsLink struct {
	ask  func(ChainsRequest)
	done chan ChainsDone
	quit chan struct{} // closed: the engine stops, nobody brings answers any more
	id   uint64
}

func newChainsLink(ask func(ChainsRequest)) *chainsLink {
	return &chainsLink{ask: ask, done: make(chan ChainsDone, 16), quit: make(chan struct{})}
}

// answered hands an answer over. It never blocks: what nobody waits for is dropped.
func (l *chainsLink) answered(d ChainsDone) {
	select {
	case l.done <- d:
	default:
	}
}

// chainsPatience is how long the parent may take: programs wait for each
// other's changes for seconds.
const chainsPatience = 15 * time.Second

func (l *chainsLink) call(c firewall.Chains) error {
	l.id++
	l.ask(ChainsRequest{l.id, c})
	late := time.NewTimer(chainsPatience)
	defer late.Stop()
	for {
		select {
		case d := <-l.done:
			if d.ID != l.id {
				continue
			}
			if d.Error != "" {
				return errors.New(d.Error)
			}
			return nil
		case <-l.quit:
			return nil
		case <-late.C:
			return fmt.Errorf("iptables: no answer within %v", chainsPatience)
		}
	}
}

// chainsFilter is iptables as a filter's backend.
type chainsFilter struct {
	link    *chainsLink
	in, out string
	last    firewall.Ruleset // what the chains were made of
	lost    bool
}

func (f *chainsFilter) Cover(r *firewall.Ruleset) error { return f.apply(r.Over(&f.last)) }
func (f *chainsFilter) Apply(r *firewall.Ruleset) error { return f.apply(r) }
func (f *chainsFilter) Mistrust()                       { f.lost = true }
func (f *chainsFilter) Close()                          {}

func (f *chainsFilter) apply(r *firewall.Ruleset) error {
	have, want := firewall.MakeChains(f.in, f.out, &f.last), firewall.MakeChains(f.in, f.out, r)
	if !f.lost && slices.Equal(have.Rules4, want.Rules4) && slices.Equal(have.Rules6, want.Rules6) {
		return nil
	}
	want.Clear4, want.Clear6 = f.lost || len(have.Rules4) > 0, f.lost || len(have.Rules6) > 0
	if err := f.link.call(want); err != nil {
		return err
	}
	f.last, f.lost = *r, false
	return nil
}
