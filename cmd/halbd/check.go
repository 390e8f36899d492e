package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"halbd/conf"
	"halbd/conf/report"
)

// checkCommand prints every diagnostic.
func checkCommand() *cobra.Command {
	var read reading
	var strict, asJSON, asSARIF bool
	var peers []string
	c := &cobra.Command{Use: "check FILE", Args: cobra.ExactArgs(1), ValidArgsFunction: file,
		Short: "Print every diagnostic of a configuration file; status 1 if there is an error",
		Long: `Print every diagnostic of a configuration file and count them.

The exit status is 1 if there is an error, with --strict also if there is a
warning: whatever is not done as it is written. Hints do not count.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt := read.options()
			for _, p := range peers {
				cfg, _, err := read.load(p)
				if err != nil {
					return fmt.Errorf("--peer: %w", err)
				}
				opt.Peers = append(opt.Peers, cfg)
			}
			_, found, err := read.loadWith(args[0], opt)
			if err != nil {
				return err
			}
			format := report.Text
			switch {
			case asJSON:
				format = report.JSON
			case asSARIF:
				format = report.SARIF
			}
			if err := report.Write(cmd.OutOrStdout(), format, args[0], found); err != nil {
				return err
			}
			if found.HasErrors() || strict && len(found.NotHonoured()) > 0 {
				return errFound
			}
			return nil
		}}
	read.flags(c)
	c.Flags().BoolVar(&strict, "strict", false, "status 1 for warnings too")
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	c.Flags().BoolVar(&asSARIF, "sarif", false, "as SARIF 2.1.0, which code hosts display")
	c.Flags().StringArrayVar(&peers, "peer", nil, "configuration of another node, to compare priorities with (may be repeated)")
	c.MarkFlagsMutuallyExclusive("json", "sarif")
	return c
}

// explainCommand prints what a code of a diagnostic means.
func explainCommand() *cobra.Command {
	var markdown bool
	c := &cobra.Command{Use: "explain CODE...",
		Short: "Explain the code of a diagnostic, as in HB0204",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, r := range conf.Rules() {
				codes = append(codes, r.Code.String()+"\t"+r.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			if markdown {
				return report.WriteRules(w)
			}
			if len(args) == 0 {
				for _, r := range conf.Rules() {
					fmt.Fprintf(w, "%s  %-7s  %s\n", r.Code, r.Severity, r.Title)
				}
				return nil
			}
			for n, arg := range args {
				code, err := conf.ParseCode(arg)
				if err != nil {
					return err
				}
				rule, ok := conf.RuleOf(code)
				if !ok {
					return fmt.Errorf("no diagnostic has the code %s; halbd explain lists them", code)
				}
				if n > 0 {
					fmt.Fprintln(w)
				}
				if err := report.Explain(w, rule); err != nil {
					return err
				}
			}
			return nil
		}}
	c.Flags().BoolVar(&markdown, "markdown", false, "all of them, as docs/diagnostics.md")
	return c
}
