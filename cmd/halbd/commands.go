package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"halbd/conf"
	"halbd/supervise"
)

// errFound ends a command whose findings have been printed already.
var errFound = errors.New("the configuration has errors")

func isCommand(word string) bool {
	switch word {
	case "check", "fmt", "keywords", "help", "completion", "__complete", "__completeNoDesc":
		return true
	}
	return false
}

func runCommand(args []string) int {
	root := &cobra.Command{Use: "halbd", SilenceUsage: true, SilenceErrors: true,
		Short: "VRRP router and IPVS health checker with keepalived's configuration"}
	root.AddCommand(checkCommand(), fmtCommand(), keywordsCommand())
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(os.Stderr, "halbd:", err)
	}
	return 1
}

// checkCommand prints every diagnostic. Without --host it judges the file
// alone, so that a pipeline far from the director gives the same answer.
func checkCommand() *cobra.Command {
	var host, strict bool
	var id string
	c := &cobra.Command{Use: "check FILE", Args: cobra.ExactArgs(1),
		Short: "Print every diagnostic of a configuration file; non-zero if there is an error",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := supervise.Readable(args[0]); err != nil {
				return err
			}
			opt := supervise.LoadOptions(id, strict)
			if !host {
				opt.Host = nil
			}
			_, found := conf.Load(args[0], opt)
			for _, d := range found {
				fmt.Fprintln(cmd.OutOrStdout(), d)
			}
			if found.HasErrors() {
				return errFound
			}
			return nil
		}}
	c.Flags().BoolVar(&host, "host", false, "check interfaces, accounts and scripts of this host too")
	c.Flags().BoolVarP(&strict, "all-config", "e", false, "a missing include file is an error")
	c.Flags().StringVarP(&id, "config-id", "i", "", "id of @ID lines, default the host name up to the first dot")
	return c
}

func keywordsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "keywords", Args: cobra.NoArgs,
		Short: "Print the keyword table and what acts on it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			if asJSON {
				return conf.WriteKeywordsJSON(w)
			}
			for _, k := range conf.Keywords() {
				state := "acts"
				if !k.Acts {
					state = "-"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Block, k.Name, k.Args, state)
			}
			return nil
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "as a list of objects")
	return c
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
	// The process ends when the file is read: it collects only what goes beyond this.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(192 << 20)
	_, found := conf.Load(path, supervise.LoadOptions(r.ConfigID, r.StrictIncludes))
	for _, d := range found {
		fmt.Fprintln(out, d.Keepalived(path))
	}
	status := found.ExitStatus()
	if status < int(conf.ClassConfig) && len(r.Complaints) > 0 {
		status = int(conf.ClassConfig)
	}
	return status
}
