package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"halbd/conf/diff"
	"halbd/conf/report"
	"halbd/conf/show"
)

// configCommand holds what looks at the meaning of a configuration.
func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Show what a configuration means, or what a change of it does"}
	c.AddCommand(configShowCommand(), configDiffCommand())
	return c
}

// configShowCommand prints the effective configuration. What is wrong with
// the file is for halbd check to say; here only errors are, on standard error.
func configShowCommand() *cobra.Command {
	var read reading
	var asJSON bool
	c := &cobra.Command{Use: "show FILE", Args: cobra.ExactArgs(1), ValidArgsFunction: file,
		Short: "Print the effective configuration: includes and definitions resolved, defaults filled in",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, found, err := read.load(args[0])
			if err != nil {
				return err
			}
			for _, d := range found.NotHonoured() {
				fmt.Fprintln(os.Stderr, d)
			}
			if !asJSON {
				return show.Write(cmd.OutOrStdout(), cfg)
			}
			return report.WriteJSON(cmd.OutOrStdout(), cfg)
		}}
	read.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON; times are in nanoseconds")
	return c
}

// configDiffCommand tells what a reload would change.
func configDiffCommand() *cobra.Command {
	var read reading
	var asJSON, exitCode bool
	c := &cobra.Command{Use: "diff OLD NEW", Args: cobra.ExactArgs(2), ValidArgsFunction: file,
		Short: "Print what a reload from OLD to NEW changes, object by object, and where a role is at risk",
		RunE: func(cmd *cobra.Command, args []string) error {
			from, before, err := read.load(args[0])
			if err != nil {
				return err
			}
			to, found, err := read.load(args[1])
			if err != nil {
				return err
			}
			if fresh := found.NewErrors(before); len(fresh) > 0 {
				fmt.Fprintf(os.Stderr, "the reload would be refused: %d new error(s), the first is %s\n", len(fresh), fresh[0])
			}
			changes := diff.Compare(from, to)
			if asJSON {
				err = report.WriteJSON(cmd.OutOrStdout(), changes)
			} else {
				err = diff.Write(cmd.OutOrStdout(), changes)
			}
			if err == nil && exitCode && len(changes) > 0 {
				return errFound
			}
			return err
		}}
	read.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as a list of changes")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "status 1 if anything changes")
	return c
}
