// Command demo runs package demo on this host's IPVS or, where its kernel has
// none, inside a User Mode Linux kernel.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"halbd/internal/demo"
	"halbd/internal/lab"
)

// inside is the argument that tells that IPVS is here.
const inside = "--ipvs-is-here"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: demo HALBD EXAMPLE (run it with make demo)")
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("network namespaces need root: run make demo as root")
	}
	halbd, example := args[0], args[1]
	if len(args) < 3 && !lab.HasIPVS() {
		fmt.Println("this kernel has no IPVS: running inside User Mode Linux")
		self, err := os.Executable()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
		defer cancel()
		return lab.InUML(ctx, os.Stdout, nil, self, halbd, example, inside)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		return err
	}
	return demo.Run(halbd, string(text), os.Stdout)
}
