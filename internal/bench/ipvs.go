package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"halbd/internal/lab"
)

var ipvsFigures = []figure{
	{[]string{"10,000 destinations programmed, ms", "  PSS of all processes, KiB", "  stop, ms"}, program},
}

// program starts a daemon with 200 virtual servers of 50 real servers each.
func program(binary, dir string) ([]float64, error) {
	const services, servers = 200, 50
	var conf strings.Builder
	for v := range services {
		fmt.Fprintf(&conf, "virtual_server 10.50.0.%d 80 {\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n", v+1)
		for r := range servers {
			k := v*servers + r
			fmt.Fprintf(&conf, " real_server 10.60.%d.%d 8000 {\n  weight 1\n }\n", k/250, k%250+1)
		}
		conf.WriteString("}\n")
	}
	n := lab.New()
	defer n.Close()
	if err := n.Add("d"); err != nil {
		return nil, err
	}
	begin := time.Now()
	p, err := n.Daemon("d", binary, dir, conf.String())
	if err != nil {
		return nil, err
	}
	table := fmt.Sprintf("/proc/%d/net/ip_vs", p.PID())
	if err := lab.Wait(2*time.Minute, func() bool {
		b, _ := os.ReadFile(table)
		return strings.Count(string(b), "\n  ->")-1 >= services*servers
	}); err != nil {
		return nil, fmt.Errorf("the table is not complete: %w", err)
	}
	took := time.Since(begin)
	memory := pss(p.Tree())
	begin = time.Now()
	if err := p.Stop(patience); err != nil {
		return nil, err
	}
	return []float64{took.Seconds() * 1000, float64(memory), time.Since(begin).Seconds() * 1000}, nil
}
