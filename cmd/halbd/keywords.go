package main

import (
	"io"

	"github.com/spf13/cobra"

	"halbd/conf/report"
)

// keywordsCommand prints the language.
func keywordsCommand() *cobra.Command {
	var asJSON, man, summary bool
	c := &cobra.Command{Use: "keywords", Args: cobra.NoArgs,
		Short: "Print the keyword table and what acts on it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			write := report.WriteKeywordsText
			for _, form := range []struct {
				wanted bool
				write  func(io.Writer) error
			}{{asJSON, report.WriteKeywordsJSON}, {man, report.WriteMan}, {summary, report.WriteKeywordsSummary}} {
				if form.wanted {
					write = form.write
				}
			}
			return write(cmd.OutOrStdout())
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "as a list of objects")
	c.Flags().BoolVar(&man, "man", false, "as the manual page halbd.conf(5)")
	c.Flags().BoolVar(&summary, "summary", false, "as a Markdown table that counts what acts")
	c.MarkFlagsMutuallyExclusive("json", "man", "summary")
	return c
}
