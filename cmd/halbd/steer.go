package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"halbd/conf/diff"
	"halbd/control"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/status"
	"halbd/vrrp"
)

// terms are the flags of every order.
type terms struct {
	limit time.Duration
	control.Terms
}

func (t *terms) flags(c *cobra.Command, limit string) {
	if limit != "" {
		c.Flags().DurationVar(&t.limit, "for", 0, limit)
	}
	c.Flags().StringVar(&t.Why, "why", "", "reason, for the log and the events")
}

func (t *terms) forced(c *cobra.Command, what string) {
	c.Flags().BoolVar(&t.Force, "force", false, what)
}

// given are the terms as the daemon takes them.
func (t *terms) given() (control.Terms, error) {
	if t.limit < 0 {
		return t.Terms, fmt.Errorf("--for %v is no time to wait", t.limit)
	}
	t.Seconds = t.limit.Seconds()
	return t.Terms, nil
}

func vrrpCommand() *cobra.Command {
	var d door
	c := &cobra.Command{Use: "vrrp", Short: "Hand over, hold and release the role of an instance or a sync group"}
	d.flags(c)
	add := func(action vrrp.OrderAction, short, limit, force string) {
		var t terms
		sub := &cobra.Command{Use: string(action) + " INSTANCE|GROUP", Args: cobra.ExactArgs(1), Short: short,
			RunE: func(cmd *cobra.Command, args []string) error {
				given, err := t.given()
				if err != nil {
					return err
				}
				a, err := d.client().VRRP(cmd.Context(), control.VRRPOrder{Action: action, Name: args[0], Terms: given})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s%s\n", strings.Join(a.Instances, ", "),
					map[vrrp.OrderAction]string{vrrp.Switch: "has handed the role over and does not pre-empt",
						vrrp.Hold: "does not claim", vrrp.Release: "decides by itself again"}[action], until(action == vrrp.Release, t.limit))
				return err
			}}
		t.flags(sub, limit)
		if force != "" {
			t.forced(sub, force)
		}
		c.AddCommand(sub)
	}
	add(vrrp.Switch, "The MASTER resigns (priority 0) and does not pre-empt who takes the role, until it is MASTER again or released",
		"so long it does not pre-empt, such as 10m; default until it is released", "resign at once, though nobody may be there to take the role")
	add(vrrp.Hold, "A router that is not MASTER does not claim, even when no master is heard", "so long, such as 10m; default until it is released",
		"even when no master is heard")
	add(vrrp.Release, "End switch or hold", "", "")
	return c
}

// until words the end of an order for who has just given it.
func until(ended bool, limit time.Duration) string {
	switch {
	case ended:
		return ""
	case limit > 0:
		return " until " + time.Now().Add(limit).Format("15:04:05")
	}
	return " until it is released"
}

func serverCommand() *cobra.Command {
	var d door
	c := &cobra.Command{Use: "server", Short: "Drain, disable and enable a real server of a virtual server",
		Long: "Drain, disable and enable a real server of a virtual server.\n\n" +
			"VS is as status prints it, or ADDRESS:PORT, tcp:ADDRESS:PORT, fwmark:N or the name of a group; RS is ADDRESS:PORT or as status prints it."}
	d.flags(c)
	var wait, noWait bool
	add := func(action healthcheck.OrderAction, short, limit string) *cobra.Command {
		var t terms
		sub := &cobra.Command{Use: string(action) + " VS RS", Args: cobra.ExactArgs(2), Short: short,
			RunE: func(cmd *cobra.Command, args []string) error {
				given, err := t.given()
				if err != nil {
					return err
				}
				a, err := d.client().Server(cmd.Context(), control.ServerOrder{Action: action, Service: args[0], Server: args[1], Terms: given})
				if err != nil {
					return err
				}
				if action == healthcheck.Drain && (wait || !noWait && isTerminal(os.Stdout)) {
					return followDrain(cmd.Context(), d.client(), &a, cmd.OutOrStdout())
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %s %s\n", a.Server, a.Name,
					map[healthcheck.OrderAction]string{healthcheck.Drain: "gets no new connections and leaves the table with its last one",
						healthcheck.Disable: "has left the table", healthcheck.Enable: "serves again while its checks succeed"}[action])
				return err
			}}
		t.flags(sub, limit)
		if action != healthcheck.Enable {
			t.forced(sub, "even the last server that serves")
		}
		c.AddCommand(sub)
		return sub
	}
	drain := add(healthcheck.Drain, "Weight 0 at once; out of the table with the last connection", "at the latest after so long, such as 10m; default without a limit")
	drain.Flags().BoolVar(&wait, "wait", false, "print the connections until the server is out; default on a terminal")
	drain.Flags().BoolVar(&noWait, "no-wait", false, "do not wait, on a terminal either")
	add(healthcheck.Disable, "Out of the table at once, with its connections", "so long, such as 10m; default until it is enabled")
	add(healthcheck.Enable, "End drain or disable", "")
	return c
}

// drainPause is how often followDrain asks.
const drainPause = time.Second

// followDrain prints how far a drain is until it has ended. Who interrupts it
// leaves the drain as it is.
func followDrain(ctx context.Context, c *control.Client, a *healthcheck.OrderAnswer, w io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	tick := time.NewTicker(drainPause)
	defer tick.Stop()
	last := ""
	for {
		s, err := c.Status(ctx)
		switch {
		case ctx.Err() != nil:
			fmt.Fprintln(w, "the drain goes on; halbd server enable ends it")
			return nil
		case err != nil:
			return err
		}
		line, done := progress(s, a)
		if line != last {
			fmt.Fprintln(w, line)
			last = line
		}
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// progress words how far a drain is.
func progress(s *status.Status, a *healthcheck.OrderAnswer) (line string, done bool) {
	for i := range s.VirtualServers {
		v := &s.VirtualServers[i]
		if v.Key != a.Service {
			continue
		}
		for j := range v.Servers {
			r := &v.Servers[j]
			o := r.Order
			switch {
			case r.Addr.String() != a.Server:
				continue
			case o == nil:
				return fmt.Sprintf("%s of %s: the order has ended, it serves again", a.Server, a.Name), true
			case o.State != event.Draining:
				return fmt.Sprintf("%s of %s: out of the table", a.Server, a.Name), true
			case !o.Counted:
				return fmt.Sprintf("%s of %s: no new connections", a.Server, a.Name), false
			}
			return fmt.Sprintf("%s of %s: %d active, %d inactive connections", a.Server, a.Name, o.Active, o.Inactive), false
		}
	}
	if len(s.Problems()) > 0 {
		return "the checker process does not answer", false
	}
	return fmt.Sprintf("%s of %s: it is no longer configured", a.Server, a.Name), true
}

func reloadCommand() *cobra.Command {
	var d door
	var o control.ReloadOrder
	var asJSON bool
	c := &cobra.Command{Use: "reload", Args: cobra.NoArgs, Short: "Reload the configuration of the running daemon and wait for the end",
		Long: "Reload the configuration of the running daemon and wait until every process has it. The status is 1 when the reload is refused.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := d.client().Reload(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(a)
			} else {
				err = printReload(cmd.OutOrStdout(), &a, o.DryRun)
			}
			if err == nil && a.Refused != "" {
				return errFound
			}
			return err
		}}
	d.flags(c)
	c.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "only say what a reload would change, and what of it would be refused")
	c.Flags().StringVar(&o.Why, "why", "", "reason, for the log")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, as the control socket gives it")
	return c
}

func printReload(w io.Writer, a *control.ReloadAnswer, dry bool) error {
	var errs []error
	line := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	for _, d := range a.Diagnostics {
		line("%s", d)
	}
	if dry {
		errs = append(errs, diff.Write(w, a.Changes))
	}
	switch found := fmt.Sprintf("%s: %d errors, %d warnings", a.File, a.Errors, a.Warnings); {
	case a.Refused != "" && dry:
		line("%s; the reload would be refused: %s", found, a.Refused)
	case a.Refused != "":
		line("%s; the reload is refused, the running configuration stays: %s", found, a.Refused)
	case dry:
		line("%s; nothing of it would be refused", found)
	default:
		line("%s; reloaded", found)
	}
	return errors.Join(errs...)
}
