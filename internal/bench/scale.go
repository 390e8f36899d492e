package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"halbd/internal/lab"
)

var scaleFigures = []figure{
	{names: []string{"1,000 addresses taken over: the last is announced after, ms", "  worst gap of the 10 ms adverts meanwhile, ms"}, measure: announceMany},
	{names: []string{"1,000 instances at 100 ms: lateness of an advert, p99, ms", "  adverts of the backup (a second master)"}, measure: thousand},
}

// manyAddresses is one instance with 1,000 addresses, beside one that sends an
// advert each 10 ms whoever else is busy.
func manyAddresses(priority int) string {
	var b strings.Builder
	b.WriteString("global_defs {\n vrrp_version 3\n}\n")
	fmt.Fprintf(&b, "vrrp_instance fast {\n interface eth0\n virtual_router_id 1\n priority %d\n advert_int 0.01\n virtual_ipaddress {\n  10.9.1.1/32\n }\n}\n", 250-priority)
	fmt.Fprintf(&b, "vrrp_instance many {\n interface eth0\n virtual_router_id 2\n priority %d\n advert_int 0.1\n virtual_ipaddress {\n  10.9.1.2/32\n }\n virtual_ipaddress_excluded {\n", priority)
	for i := range 1000 {
		fmt.Fprintf(&b, "  10.9.%d.%d/32\n", 16+i/250, 1+i%250)
	}
	b.WriteString(" }\n}\n")
	return b.String()
}

// announceMany stops the master of many addresses. The other host is master of
// "fast" all the time.
func announceMany(binary, dir string) ([]float64, error) {
	n, err := pair()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	if _, err := n.Daemon("b", binary, dir, manyAddresses(100)); err != nil {
		return nil, err
	}
	a, err := n.Daemon("a", binary, dir, manyAddresses(150))
	if err != nil {
		return nil, err
	}
	has := func(host, addr string) bool {
		out, _ := n.Run(host, "ip -o -4 addr show dev eth0 to "+addr)
		return out != ""
	}
	if err := lab.Wait(patience, func() bool {
		return has("a", "10.9.19.250/32") && has("b", "10.9.1.1/32") && !has("b", "10.9.19.250/32")
	}); err != nil {
		return nil, fmt.Errorf("no master: %w", err)
	}
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	if err != nil {
		return nil, err
	}
	defer sniff.Close()
	a.Crash()
	if err := lab.Wait(patience, func() bool { return len(firstARPs(sniff.Frames(), "10.9.1.1")) >= 1001 }); err != nil {
		return nil, fmt.Errorf("%d addresses were announced: %w", len(firstARPs(sniff.Frames(), "10.9.1.1")), err)
	}
	frames := sniff.Frames()
	var claim, last, before time.Time
	worst := time.Duration(0)
	for _, f := range frames {
		switch {
		case f.GARP || f.Src.String() != "10.9.0.2":
		case f.Advert.VRID == 2 && claim.IsZero():
			claim = f.At
		case f.Advert.VRID == 1:
			if !before.IsZero() {
				worst = max(worst, f.At.Sub(before))
			}
			before = f.At
		}
	}
	for _, at := range firstARPs(frames, "10.9.1.1") {
		if at.After(last) {
			last = at
		}
	}
	return []float64{milliseconds(last.Sub(claim)), milliseconds(worst)}, nil
}

// firstARPs tells when each address but one was first announced.
func firstARPs(frames []lab.Frame, but string) map[string]time.Time {
	first := map[string]time.Time{}
	for _, f := range frames {
		if addr := f.Src.String(); f.GARP && addr != but && first[addr].IsZero() {
			first[addr] = f.At
		}
	}
	return first
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// interfaces and routers make a thousand instances.
const (
	interfaces = 4
	routers    = 250
)

func thousandInstances(priority int) string {
	var b strings.Builder
	b.WriteString("global_defs {\n vrrp_version 3\n}\n")
	for i := range interfaces {
		for v := 1; v <= routers; v++ {
			fmt.Fprintf(&b, "vrrp_instance V%d_%d {\n interface eth%d\n virtual_router_id %d\n priority %d\n advert_int 0.1\n virtual_ipaddress {\n  10.%d.1.%d/32\n }\n}\n", i, v, i, v, priority, 20+i, v)
		}
	}
	return b.String()
}

// thousand watches the adverts of a master and its backup for five seconds.
func thousand(binary, dir string) ([]float64, error) {
	n := lab.New()
	defer n.Close()
	if err := plugThousand(n); err != nil {
		return nil, err
	}
	held := func() bool {
		out, _ := n.Run("a", "ip -o -4 addr show")
		return strings.Count(out, "/32 ") == interfaces*routers
	}
	if _, err := n.Daemon("a", binary, dir, thousandInstances(150)); err != nil {
		return nil, err
	}
	if err := lab.Wait(patience, held); err != nil {
		return nil, fmt.Errorf("no master of everything: %w", err)
	}
	if _, err := n.Daemon("b", binary, dir, thousandInstances(100)); err != nil {
		return nil, err
	}
	var late []float64
	second := 0
	for i := range interfaces {
		sniff, err := n.Sniff(switchOf(i), lab.Cable("b", fmt.Sprintf("eth%d", i)))
		if err != nil {
			return nil, err
		}
		defer sniff.Close()
		const enough = 52 * routers
		if err := lab.Wait(patience, func() bool { return len(sniff.Frames()) >= enough }); err != nil {
			return nil, fmt.Errorf("no adverts: %w", err)
		}
		last := map[uint8]time.Time{}
		for _, f := range sniff.Frames() {
			if f.GARP {
				continue
			}
			if strings.HasSuffix(f.Src.String(), ".2") {
				second++
				continue
			}
			if at, ok := last[f.Advert.VRID]; ok {
				late = append(late, milliseconds(f.At.Sub(at)-100*time.Millisecond))
			}
			last[f.Advert.VRID] = f.At
		}
		sniff.Close()
	}
	slices.Sort(late)
	return []float64{late[int(math.Ceil(0.99*float64(len(late))))-1], float64(second)}, nil
}

func switchOf(i int) string { return fmt.Sprintf("sw%d", i) }

func plugThousand(n *lab.Net) error {
	for _, host := range []string{"a", "b"} {
		if err := n.Add(host); err != nil {
			return err
		}
	}
	for i := range interfaces {
		if err := n.Bridge(switchOf(i)); err != nil {
			return err
		}
		for j, host := range []string{"a", "b"} {
			if err := n.Plug(host, fmt.Sprintf("eth%d", i), switchOf(i), fmt.Sprintf("10.%d.0.%d/16", 20+i, j+1)); err != nil {
				return err
			}
		}
	}
	return nil
}
