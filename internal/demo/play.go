package demo

import (
	"fmt"
	"slices"
	"time"

	"halbd/internal/lab"
)

// patience is what a step may take before the demo has failed.
const patience = 15 * time.Second

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.out, "%6.1f s  %s\n", time.Since(d.begin).Seconds(), fmt.Sprintf(format, args...))
}

// play is the story.
func (d *demo) play() error {
	if err := d.start(); err != nil {
		return err
	}
	for _, act := range []func() error{d.webFails, d.directorFails, d.webReturns, d.directorReturns} {
		if err := act(); err != nil {
			return err
		}
	}
	return d.sum()
}

func (d *demo) start() error {
	for _, lb := range []string{"lb1", "lb2"} {
		if err := d.startDirector(lb); err != nil {
			return err
		}
	}
	d.say("two directors start with keepalived.conf.example; a client asks every %v", pause)
	if err := d.until("lb1 is master and all three servers answer", func() bool {
		return d.owns("lb1") && len(d.answering(time.Second)) == 3
	}); err != nil {
		return err
	}
	d.say("lb1 is MASTER, answers come from %v", d.answering(time.Second))
	return nil
}

func (d *demo) webFails() error {
	at := time.Now()
	d.stopWeb("web2")
	d.say("web2 is stopped")
	if err := d.until("web2 is out of the table", func() bool { return !d.serves("lb1", "10.77.0.12") }); err != nil {
		return err
	}
	removed := time.Since(at)
	if err := d.quiet(at); err != nil {
		return err
	}
	lost, gap := d.since(at)
	d.say("web2 is out of the IPVS table after %d ms; requests lost %d, longest time without an answer %d ms", removed.Milliseconds(), lost, gap.Milliseconds())
	return nil
}

func (d *demo) directorFails() error {
	at, err := d.crash("lb1")
	if err != nil {
		return err
	}
	d.say("lb1 loses its power")
	if err := d.until("lb2 is master", func() bool { return d.owns("lb2") }); err != nil {
		return err
	}
	took := time.Since(at)
	if err := d.quiet(at.Add(time.Second)); err != nil {
		return err
	}
	lost, gap := d.since(at)
	d.say("lb2 is MASTER after %d ms; requests lost %d, %d ms without service", took.Milliseconds(), lost, gap.Milliseconds())
	return nil
}

func (d *demo) webReturns() error {
	at := time.Now()
	if err := d.startWeb("web2"); err != nil {
		return err
	}
	d.say("web2 is started again")
	if err := d.until("web2 is in the table", func() bool { return d.serves("lb2", "10.77.0.12") }); err != nil {
		return err
	}
	back := time.Since(at)
	if err := d.quiet(at); err != nil {
		return err
	}
	lost, _ := d.since(at)
	d.say("web2 is in the IPVS table after %d ms; requests lost %d", back.Milliseconds(), lost)
	return nil
}

func (d *demo) directorReturns() error {
	at := time.Now()
	if err := d.boot("lb1"); err != nil {
		return err
	}
	d.say("lb1 has power again")
	if err := d.until("lb1 is master again and lb2 is not", func() bool { return d.owns("lb1") && !d.owns("lb2") }); err != nil {
		return err
	}
	took := time.Since(at)
	if err := d.quiet(at.Add(took)); err != nil {
		return err
	}
	lost, gap := d.since(at)
	d.say("lb1 is MASTER again after %d ms; requests lost %d, longest time without an answer %d ms", took.Milliseconds(), lost, gap.Milliseconds())
	return nil
}

func (d *demo) sum() error {
	for _, lb := range []string{"lb1", "lb2"} {
		if err := d.lb[lb].Stop(patience); err != nil {
			return fmt.Errorf("stop %s: %w", lb, err)
		}
		if d.owns(lb) {
			return fmt.Errorf("%s has stopped and still has %s", lb, vip)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.say("both directors have stopped and left nothing behind; %d requests in all", len(d.requests))
	return nil
}

// until waits for a step, and shows the directors' logs if it does not happen.
func (d *demo) until(what string, cond func() bool) error {
	if lab.Wait(patience, cond) == nil {
		return nil
	}
	for name, p := range d.lb {
		fmt.Fprintf(d.out, "log of %s:\n%s\n", name, p.Log())
	}
	return fmt.Errorf("within %v this did not happen: %s", patience, what)
}

// quiet waits until a row of requests after a moment was answered.
func (d *demo) quiet(after time.Time) error {
	const row = 25
	return d.until("requests are answered again", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.requests) < row {
			return false
		}
		last := d.requests[len(d.requests)-row:]
		return last[0].at.After(after) && !slices.ContainsFunc(last, func(r request) bool { return r.from == "" })
	})
}

// since counts the requests lost after a moment, and finds the longest time
// between two answers.
func (d *demo) since(at time.Time) (lost int, gap time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := at
	for _, r := range d.requests {
		switch {
		case r.at.Before(at):
		case r.from == "":
			lost++
		default:
			gap = max(gap, r.at.Sub(last))
			last = r.at
		}
	}
	return lost, gap
}

// answering lists the servers that answered lately.
func (d *demo) answering(lately time.Duration) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, r := range d.requests {
		if r.from != "" && time.Since(r.at) < lately && !slices.Contains(list, r.from) {
			list = append(list, r.from)
		}
	}
	slices.Sort(list)
	return list
}
