package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"halbd/internal/lab"
)

var bfdFigures = []figure{
	{names: []string{"100 BFD sessions at 20 ms: CPU of one host, %", "  sessions lost"}, measure: bfdSessions},
}

const (
	sessions    = 100
	bfdDuration = 8 * time.Second
)

func bfdConfig(me, neighbor string) string {
	var b strings.Builder
	for i := range sessions {
		fmt.Fprintf(&b, "bfd_instance S%d {\n source_ip %s.%d\n neighbor_ip %s.%d\n min_rx 20\n min_tx 20\n idle_tx 1000\n multiplier 5\n}\n", i, me, i+1, neighbor, i+1)
	}
	return b.String()
}

func bfdSessions(binary, dir string) ([]float64, error) {
	n, err := pair()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	nets := map[string]string{"a": "10.9.10", "b": "10.9.20"}
	procs := map[string]*lab.Proc{}
	for host, other := range map[string]string{"a": "b", "b": "a"} {
		if out, err := n.Run(host, fmt.Sprintf("for i in $(seq %d); do ip addr add %s.$i/16 dev eth0 || exit 1; done", sessions, nets[host])); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		if procs[host], err = n.Daemon(host, binary, dir, bfdConfig(nets[host], nets[other])); err != nil {
			return nil, err
		}
	}
	a := procs["a"]
	if err := lab.Wait(patience, func() bool {
		for i := range sessions {
			if !strings.Contains(a.Log(), fmt.Sprintf("(S%d) Entering Up", i)) {
				return false
			}
		}
		return true
	}); err != nil {
		return nil, fmt.Errorf("not every session came up: %w", err)
	}
	time.Sleep(time.Second) // their intervals are agreed on
	lost := func() int { return strings.Count(a.Log(), "Entering Down") }
	used, before := cpuTime(a.Tree()), lost()
	time.Sleep(bfdDuration)
	return []float64{100 * (cpuTime(a.Tree()) - used).Seconds() / bfdDuration.Seconds(), float64(lost() - before)}, nil
}

// cpuTime is the processor time that some processes have used.
func cpuTime(pids []int) (sum time.Duration) {
	const tick = 10 * time.Millisecond // USER_HZ
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, rest, ok := strings.Cut(string(b), ") "); ok {
			f := strings.Fields(rest)
			for _, word := range f[11:13] { // utime, stime
				n, _ := strconv.Atoi(word)
				sum += time.Duration(n) * tick
			}
		}
	}
	return sum
}
