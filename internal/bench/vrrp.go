package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halbd/internal/lab"
)

var vrrpFigures = []figure{
	{names: []string{"take-over past master-down, 1 instance, median, ms", "  PSS of all processes of the backup, KiB"},
		measure: func(binary, dir string) ([]float64, error) { return takeover(binary, dir, 1, 3, 0.5) }},
	{names: []string{"take-over past master-down, 250 instances, p99, ms", "  PSS of all processes of the backup, KiB"},
		measure: func(binary, dir string) ([]float64, error) { return takeover(binary, dir, 250, 2, 0.99) }},
	{names: []string{"reload of 1 address of 250: worst advert gap, ms", "  addresses seen missing", "  priority-0 adverts"}, measure: reload},
}

const patience = 30 * time.Second

func instances(n, priority int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "vrrp_instance V%d {\n interface eth0\n virtual_router_id %d\n priority %d\n advert_int 1\n virtual_ipaddress {\n  10.9.1.%d/32\n }\n}\n", i, i+1, priority, i+1)
	}
	return b.String()
}

func pair() (*lab.Net, error) {
	n := lab.New()
	err := n.Bridge("sw")
	for i, host := range []string{"a", "b"} {
		if err == nil {
			err = n.Add(host)
		}
		if err == nil {
			err = n.Plug(host, "eth0", "sw", fmt.Sprintf("10.9.0.%d/16", i+1))
		}
	}
	if err != nil {
		n.Close()
	}
	return n, err
}

func count(n *lab.Net, host string) int {
	out, _ := n.Run(host, "ip -o -4 addr show dev eth0 to 10.9.1.0/24")
	return strings.Count(out, "\n")
}

// takeover kills a master some times and returns a quantile of the time
// between the end of the master-down interval and the backup's first advert.
func takeover(binary, dir string, routers, runs int, quantile float64) ([]float64, error) {
	var over []float64
	var memory float64
	for range runs {
		err := crash(binary, dir, routers, &over, &memory)
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(over)
	return []float64{over[min(len(over)-1, int(quantile*float64(len(over))))], memory}, nil
}

func crash(binary, dir string, routers int, over *[]float64, memory *float64) error {
	n, err := pair()
	if err != nil {
		return err
	}
	defer n.Close()
	a, err := n.Daemon("a", binary, dir, instances(routers, 150))
	if err != nil {
		return err
	}
	if err := lab.Wait(patience, func() bool { return count(n, "a") == routers }); err != nil {
		return fmt.Errorf("no master: %w", err)
	}
	b, err := n.Daemon("b", binary, dir, instances(routers, 100))
	if err != nil {
		return err
	}
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	if err != nil {
		return err
	}
	defer sniff.Close()
	if err := lab.Wait(patience, func() bool { return len(sniff.Frames()) >= 4*routers }); err != nil {
		return fmt.Errorf("no adverts: %w", err)
	}
	*memory = float64(pss(b.Tree()))
	a.Crash()
	if err := lab.Wait(patience, func() bool { return count(n, "b") == routers }); err != nil {
		return fmt.Errorf("no take-over: %w", err)
	}
	const down = 3*time.Second + 156*time.Second/256 // priority 100
	last, first := map[uint8]time.Time{}, map[uint8]time.Time{}
	for _, f := range sniff.Frames() {
		switch {
		case f.GARP:
		case f.Src.String() == "10.9.0.1":
			last[f.Advert.VRID] = f.At
		case first[f.Advert.VRID].IsZero():
			first[f.Advert.VRID] = f.At
		}
	}
	for vrid, at := range first {
		*over = append(*over, (at.Sub(last[vrid])-down).Seconds()*1000)
	}
	return nil
}

// pss is the proportional set size of some processes, in KiB.
func pss(pids []int) int {
	sum := 0
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range strings.SplitSeq(string(b), "\n") {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
				n, _ := strconv.Atoi(f[1])
				sum += n
			}
		}
	}
	return sum
}

// reload adds one address to one of 250 instances.
func reload(binary, dir string) ([]float64, error) {
	const routers = 250
	n, err := pair()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	a, err := n.Daemon("a", binary, dir, instances(routers, 150))
	if err != nil {
		return nil, err
	}
	if err := lab.Wait(patience, func() bool { return count(n, "a") == routers }); err != nil {
		return nil, fmt.Errorf("no master: %w", err)
	}
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	if err != nil {
		return nil, err
	}
	defer sniff.Close()
	text, err := os.ReadFile(a.Conf())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(a.Conf(), []byte(strings.Replace(string(text), "  10.9.1.1/32\n", "  10.9.1.1/32\n  10.9.2.1/32\n", 1)), 0o644); err != nil {
		return nil, err
	}
	a.Signal(syscall.SIGHUP)
	missing := 0
	if err := lab.Wait(patience, func() bool {
		missing = max(missing, routers-count(n, "a"))
		out, _ := n.Run("a", "ip -o -4 addr show dev eth0 to 10.9.2.1")
		return out != ""
	}); err != nil {
		return nil, fmt.Errorf("the new address did not come: %w", err)
	}
	seen := len(sniff.Frames())
	if err := lab.Wait(patience, func() bool { return len(sniff.Frames()) >= seen+3*routers }); err != nil {
		return nil, fmt.Errorf("no adverts: %w", err)
	}
	last, worst, zero := map[uint8]time.Time{}, time.Duration(0), 0
	for _, f := range sniff.Frames() {
		if f.GARP {
			continue
		}
		if at, ok := last[f.Advert.VRID]; ok {
			worst = max(worst, f.At.Sub(at))
		}
		if f.Advert.Priority == 0 {
			zero++
		}
		last[f.Advert.VRID] = f.At
	}
	return []float64{worst.Seconds() * 1000, float64(missing), float64(zero)}, nil
}
