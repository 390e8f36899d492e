package supervise

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"halbd/firewall"
	"halbd/internal/ipc"
	"halbd/vrrp/engine"
)

// chains runs iptables for the vrrp process, which must not start programs: one
// request after the other, each answered.
type chains struct {
	jobs chan json.RawMessage
	done chan struct{}
}

func serveChains(conn *ipc.Conn) *chains {
	c := &chains{jobs: make(chan json.RawMessage, 16), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for raw := range c.jobs {
			var r engine.ChainsRequest
			if json.Unmarshal(raw, &r) != nil {
				continue
			}
			answer := engine.ChainsDone{ID: r.ID}
			if err := makeChains(&r.Chains); err != nil {
				answer.Error = err.Error()
			}
			conn.Post(msgChained, answer)
		}
	}()
	return c
}

// close waits until every request has been carried out.
func (c *chains) close() {
	close(c.jobs)
	<-c.done
}

func makeChains(c *firewall.Chains) error {
	for _, s := range c.Steps() {
		if s.Unless != nil && runStep(s.Unless) == nil {
			continue
		}
		if err := runStep(&s); err != nil && !s.Optional {
			return err
		}
	}
	return nil
}

// stepLimit is more than a step waits for another program's change.
const stepLimit = 10 * time.Second

func runStep(s *firewall.Step) error {
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Args[0], s.Args[1:]...)
	cmd.Stdin = strings.NewReader(s.Input)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); first != "" {
		return fmt.Errorf("%s: %w: %s", strings.Join(s.Args, " "), err, first)
	}
	return fmt.Errorf("%s: %w", strings.Join(s.Args, " "), err)
}
