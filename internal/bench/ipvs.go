package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halbd/internal/lab"
)

var ipvsFigures = []figure{
	{names: []string{"10,000 destinations programmed, ms", "  PSS of all processes, KiB", "  reload of one weight, until it is in the table, ms",
		"  reload of one weight, CPU, ms", "  reload of the same file, CPU, ms", "  idle, CPU in 10 s, ms", "  stop, ms"}, measure: program},
}

// calm is how long a program gets to finish what a reload has begun.
const calm = 3 * time.Second

// table is a configuration of so many virtual servers of so many real servers each.
func table(services, servers int) string {
	var conf strings.Builder
	for v := range services {
		fmt.Fprintf(&conf, "virtual_server 10.50.0.%d 80 {\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n", v+1)
		for r := range servers {
			k := v*servers + r
			fmt.Fprintf(&conf, " real_server 10.60.%d.%d 8000 {\n  weight 1\n }\n", k/250, k%250+1)
		}
		conf.WriteString("}\n")
	}
	return conf.String()
}

// program starts a daemon with 200 virtual servers of 50 real servers each,
// reloads it and stops it.
func program(binary, dir string) ([]float64, error) {
	const services, servers = 200, 50
	conf := table(services, servers)
	n := lab.New()
	defer n.Close()
	if err := n.Add("d"); err != nil {
		return nil, err
	}
	begin := time.Now()
	p, err := n.Daemon("d", binary, dir, conf)
	if err != nil {
		return nil, err
	}
	table := fmt.Sprintf("/proc/%d/net/ip_vs", p.PID())
	read := func() string {
		b, _ := os.ReadFile(table)
		return string(b)
	}
	if err := lab.Wait(2*time.Minute, func() bool { return strings.Count(read(), "\n  ->")-1 >= services*servers }); err != nil {
		return nil, fmt.Errorf("the table is not complete: %w", err)
	}
	took := time.Since(begin)
	memory := pss(p.Tree())
	time.Sleep(calm)

	used := cpu(p.Tree())
	if err := os.WriteFile(p.Conf(), []byte(strings.Replace(conf, "weight 1\n", "weight 7\n", 1)), 0o644); err != nil {
		return nil, err
	}
	begin = time.Now()
	p.Signal(syscall.SIGHUP)
	if err := lab.Wait(time.Minute, func() bool { return strings.Contains(read(), "Masq    7 ") }); err != nil {
		return nil, fmt.Errorf("the weight is not there: %w", err)
	}
	reloaded := time.Since(begin)
	time.Sleep(calm)
	changed := cpu(p.Tree()) - used

	used = cpu(p.Tree())
	p.Signal(syscall.SIGHUP)
	time.Sleep(calm)
	same := cpu(p.Tree()) - used

	used = cpu(p.Tree())
	time.Sleep(10 * time.Second)
	idle := cpu(p.Tree()) - used

	begin = time.Now()
	if err := p.Stop(patience); err != nil {
		return nil, err
	}
	return []float64{milliseconds(took), float64(memory), milliseconds(reloaded), milliseconds(changed), milliseconds(same), milliseconds(idle),
		milliseconds(time.Since(begin))}, nil
}

// cpu is the processor time of some processes so far, to the kernel's hundredths of a second.
func cpu(pids []int) (sum time.Duration) {
	const tick = 10 * time.Millisecond
	for _, pid := range pids {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, after, _ := strings.Cut(string(b), ") ") // the name in brackets may hold anything
		if f := strings.Fields(after); len(f) > 12 {
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			sum += time.Duration(user+system) * tick
		}
	}
	return sum
}
