package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/control"
	"halbd/supervise"
)

// door are the flags that find a running daemon.
type door struct{ socket, pid string }

func (d *door) flags(c *cobra.Command) {
	c.PersistentFlags().StringVar(&d.socket, "socket", "", "control socket of the daemon, default /run/halbd.sock")
	c.PersistentFlags().StringVarP(&d.pid, "pid", "p", "", "pid file of the daemon, when it was started with -p")
}

func (d *door) client() *control.Client {
	path := d.socket
	if path == "" {
		o := supervise.Options{PIDFile: d.pid}
		path = o.ControlSocket(&conf.Global{})
	}
	return control.Dial(path)
}

func statusCommand() *cobra.Command {
	var d door
	var asJSON, watch bool
	var interval time.Duration
	c := &cobra.Command{Use: "status", Aliases: []string{"top"}, Short: "Show instances, virtual servers, sessions and trackers of the running daemon",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch watch = watch || cmd.CalledAs() == "top"; {
			case watch && asJSON:
				return errors.New("--json shows one picture; halbd events -f --json goes on with every transition")
			case watch:
				return watchStatus(d.client(), interval)
			}
			s, err := d.client().Status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(os.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			s.Text(os.Stdout, onTerminal(os.Stdout))
			return nil
		}}
	d.flags(c)
	c.Flags().BoolVarP(&watch, "watch", "w", false, "show it again and again, with rates; q ends (halbd top is the same)")
	c.Flags().DurationVar(&interval, "interval", time.Second, "time between two pictures of --watch")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, as /status of the control socket gives it")
	return c
}

func eventsCommand() *cobra.Command {
	var d door
	var asJSON, follow bool
	var last int
	c := &cobra.Command{Use: "events", Short: "Show the last transitions of the running daemon, with their causes",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			e := json.NewEncoder(os.Stdout)
			for ev, err := range d.client().Events(ctx, last, follow) {
				switch {
				case err != nil:
					return err
				case asJSON:
					err = e.Encode(ev)
				default:
					_, err = fmt.Println(ev.At.Format("2006-01-02 15:04:05.000"), ev.Text())
				}
				if err != nil {
					return err
				}
			}
			return nil
		}}
	d.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, one object in a line")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with those to come")
	c.Flags().IntVarP(&last, "last", "n", 1000, "so many of the past")
	return c
}

// onTerminal reports whether f is a terminal that wants colours (NO_COLOR is not set).
func onTerminal(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(f)
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
