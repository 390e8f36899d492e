package main

import (
	"runtime/debug"

	"github.com/spf13/cobra"

	"halbd/ipvsctl"
)

// ipvsCommand hands its words over as they are: ipvsadm's grammar is not pflag's.
func ipvsCommand() *cobra.Command {
	return &cobra.Command{Use: "ipvs", DisableFlagParsing: true,
		Short: "Look at and change the kernel's IPVS table, as ipvsadm does",
		RunE: func(_ *cobra.Command, args []string) error {
			debug.SetGCPercent(100) // watch runs for long
			if status := ipvsctl.Run(args); status != 0 {
				return exitStatus(status)
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, before []string, word string) ([]string, cobra.ShellCompDirective) {
			return ipvsctl.Complete(before, word), cobra.ShellCompDirectiveDefault
		}}
}
