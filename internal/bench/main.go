// Command bench measures halbd beside an installed keepalived in one run and
// prints ratios. Timings depend on the machine; the ratios less so.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"halbd/internal/lab"
)

// inside is the argument that asks for the figures that need IPVS.
const inside = "--ipvs-is-here"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if slices.Contains(args, native) {
		return runChecker(args)
	}
	if len(args) < 2 {
		return fmt.Errorf("usage: bench HALBD KEEPALIVED (run it with make bench)")
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("network namespaces need root: run make bench as root")
	}
	b := &bench{binaries: [2]string{args[0], args[1]}, only: os.Getenv("ONLY")}
	if len(args) > 2 {
		return b.all(slices.Concat(ipvsFigures, scrapeTableFigures, checkFigures))
	}
	fmt.Printf("%-52s %12s %12s %7s\n", "", "halbd", "keepalived", "ratio")
	if err := b.all(slices.Concat(configFigures, vrrpFigures, scaleFigures, bfdFigures, scrapeFigures, nativeFigures)); err != nil {
		return err
	}
	inKernel := slices.Concat(ipvsFigures, scrapeTableFigures, checkFigures)
	if lab.HasIPVS() {
		return b.all(inKernel)
	}
	if !slices.ContainsFunc(inKernel, b.wants) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	return lab.InUML(ctx, os.Stdout, []string{"ONLY=" + b.only}, self, args[0], args[1], inside)
}

// bench runs each figure with both programs.
type bench struct {
	binaries [2]string // halbd, keepalived
	only     string    // a part of a figure's name; "": all
}

// figure measures one program and returns named values, in the order of names.
type figure struct {
	names   []string
	measure func(binary, dir string) ([]float64, error)
	alone   bool // keepalived cannot be measured
}

// wants tells whether a figure was asked for.
func (b *bench) wants(f figure) bool { return strings.Contains(f.names[0], b.only) }

func (b *bench) all(figures []figure) error {
	for _, f := range figures {
		if !b.wants(f) {
			continue
		}
		var got [2][]float64
		for i, binary := range b.binaries {
			if f.alone && i > 0 {
				got[i] = make([]float64, len(f.names))
				continue
			}
			dir, err := os.MkdirTemp("", "halbd-bench-")
			if err != nil {
				return err
			}
			got[i], err = f.measure(binary, dir)
			os.RemoveAll(dir)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", f.names[0], binary, err)
			}
		}
		for k, name := range f.names {
			ratio := "-"
			if got[1][k] > 0 {
				ratio = fmt.Sprintf("%.2f", got[0][k]/got[1][k])
			}
			fmt.Printf("%-52s %12.2f %12.2f %7s\n", name, got[0][k], got[1][k], ratio)
		}
	}
	return nil
}
