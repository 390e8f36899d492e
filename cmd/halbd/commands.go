package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"halbd/conf"
	"halbd/supervise"
)

// errFound ends a command with status 1 whose findings have been printed already.
var errFound = errors.New("something was found")

// exitStatus ends a command that has said already what went wrong.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// commands builds what halbd does besides being the daemon.
func commands() *cobra.Command {
	root := &cobra.Command{Use: "halbd", SilenceUsage: true, SilenceErrors: true,
		Short: "VRRP router and IPVS health checker with keepalived's configuration"}
	root.AddCommand(checkCommand(), explainCommand(), fmtCommand(), keywordsCommand(), configCommand(), statusCommand(), eventsCommand(), vrrpCommand(), serverCommand(), reloadCommand(), digestCommand(), ipvsCommand())
	return root
}

// isCommand tells a command from the words that keepalived takes and ignores.
func isCommand(word string) bool {
	if word == "" || strings.HasPrefix(word, "-") {
		return false
	}
	switch word {
	case "help", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return true
	}
	for _, c := range commands().Commands() {
		if c.Name() == word || c.HasAlias(word) {
			return true
		}
	}
	return false
}

// shortLived is for a process that ends when a file is read: it collects only
// what goes beyond 192 MB.
func shortLived() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(192 << 20)
}

func runCommand(args []string) int {
	shortLived()
	root := commands()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(os.Stderr, "halbd:", err)
	}
	return 1
}

// reading are the flags of every command that reads a configuration.
type reading struct {
	host, strictIncludes bool
	id                   string
}

func (r *reading) flags(c *cobra.Command) {
	c.Flags().BoolVar(&r.host, "host", false, "look at interfaces, accounts and scripts of this host too")
	c.Flags().BoolVarP(&r.strictIncludes, "all-config", "e", false, "a missing include file is an error")
	c.Flags().StringVarP(&r.id, "config-id", "i", "", "id of @ID lines, default the host name up to the first dot")
}

func (r *reading) options() conf.Options {
	opt := supervise.TestOptions(r.id, r.strictIncludes)
	if !r.host {
		opt.Host = nil
	}
	return opt
}

// load reads a file. Without --host it judges the file alone, so that a
// pipeline far from the director gives the same answer.
func (r *reading) load(path string) (*conf.Config, conf.Diagnostics, error) {
	return r.loadWith(path, r.options())
}

func (r *reading) loadWith(path string, opt conf.Options) (*conf.Config, conf.Diagnostics, error) {
	if err := supervise.Readable(path); err != nil {
		return nil, nil, err
	}
	cfg, found := conf.Load(path, opt)
	return cfg, found, nil
}

// file completes names of configuration files.
func file(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"conf"}, cobra.ShellCompDirectiveFilterFileExt
}

// testConfig is -t: keepalived's output and exit status, except that a main
// file that cannot be read is an error.
func (r *request) testConfig() int {
	out := io.Writer(os.Stderr)
	if r.testLog != "" {
		f, err := supervise.OpenTestLog(r.testLog)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer f.Close()
		out = f
	}
	for _, c := range append(r.Complaints, r.notes...) {
		fmt.Fprintln(out, c)
	}
	path := r.ConfigFile()
	if err := supervise.Readable(path); err != nil {
		fmt.Fprintln(out, err)
		return int(conf.ClassFatal)
	}
	shortLived()
	cfg, found := conf.Load(path, supervise.TestOptions(r.ConfigID, r.StrictIncludes))
	if err := supervise.EnterNamespace(&r.Options, cfg, false); err != nil {
		fmt.Fprintln(out, err, "- the file is judged by the interfaces that are here")
	}
	for _, d := range found {
		fmt.Fprintln(out, d.Keepalived(path))
	}
	status := found.ExitStatus()
	strict := r.Strict || cfg.Global.StrictConfig
	if status < int(conf.ClassConfig) && (len(r.Complaints) > 0 || strict && len(found.NotHonoured()) > 0) {
		status = int(conf.ClassConfig)
	}
	return status
}
