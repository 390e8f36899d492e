package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/internal/lab"
	"halbd/ipvs"
)

var checkFigures = []figure{
	{names: []string{"100 TCP checks per second: CPU of one, us", "  PSS of all processes, KiB"},
		measure: func(binary, dir string) ([]float64, error) { return costOf(binary, dir, tcpBlock, 100, time.Second) }},
	{names: []string{"100 HTTP checks per second: CPU of one, us", "  PSS of all processes, KiB"},
		measure: func(binary, dir string) ([]float64, error) { return costOf(binary, dir, httpBlock, 100, time.Second) }},
	{names: []string{"1,000 TCP checks per 10 s: CPU of one, us", "  PSS of all processes, KiB"},
		measure: func(binary, dir string) ([]float64, error) {
			return costOf(binary, dir, tcpBlock, 1000, 10*time.Second)
		}},
	{names: []string{"10,000 TCP checks per 60 s: CPU of one, us", "  PSS of all processes, KiB"},
		measure: func(binary, dir string) ([]float64, error) {
			return costOf(binary, dir, tcpBlock, 10000, time.Minute)
		}},
}

const (
	tcpBlock  = "TCP_CHECK {\n connect_timeout 3\n }"
	httpBlock = "HTTP_GET {\n url {\n path /\n status_code 200\n }\n connect_timeout 3\n }"
)

// checked is a configuration of n servers in services of up to 50.
func checked(n int, delay time.Duration, block string) string {
	var b strings.Builder
	for i := range n {
		if i%50 == 0 {
			if i > 0 {
				b.WriteString("}\n")
			}
			fmt.Fprintf(&b, "virtual_server 10.50.0.%d 80 {\n delay_loop %d\n lb_algo wrr\n lb_kind NAT\n protocol TCP\n", i/50+1, delay/time.Second)
		}
		fmt.Fprintf(&b, " real_server %v %d {\n weight 1\n %s\n }\n", serverAddr(i), serverPort, block)
	}
	b.WriteString("}\n")
	return b.String()
}

// checking starts a daemon that checks n servers, and calls measure once each
// of them has been checked.
func checking(binary, dir, block string, n, hung int, delay time.Duration, measure func(*lab.Proc, *servers) ([]float64, error), more ...string) ([]float64, error) {
	net := lab.New()
	defer net.Close()
	if err := net.Add("d"); err != nil {
		return nil, err
	}
	s, err := serve(net, "d", firstServers(hung))
	if err != nil {
		return nil, err
	}
	defer s.close()
	p, err := net.Daemon("d", binary, dir, checked(n, delay, block), more...)
	if err != nil {
		return nil, err
	}
	if err := lab.Wait(delay+patience, func() bool { return s.checks() >= n }); err != nil {
		return nil, fmt.Errorf("%d of %d checks came: %w", s.checks(), n, err)
	}
	return measure(p, s)
}

// costOf is the processor time of one check and the memory, over 20 s.
func costOf(binary, dir, block string, n int, delay time.Duration) ([]float64, error) {
	return checking(binary, dir, block, n, 0, delay, func(p *lab.Proc, s *servers) ([]float64, error) {
		before, count := cpu(p.Tree()), s.checks()
		time.Sleep(20 * time.Second)
		used, done := cpu(p.Tree())-before, s.checks()-count
		if done == 0 {
			return nil, fmt.Errorf("no check came")
		}
		return []float64{used.Seconds() * 1e6 / float64(done), float64(pss(p.Tree()))}, nil
	})
}

// native is the argument that makes this program a checker process whose table
// is in its memory only: it measures the checks where there is no IPVS.
const native = "--checker-without-ipvs"

// nativeFigures are halbd's alone: keepalived needs IPVS, and the kernel that has it is too slow for them.
var nativeFigures = []figure{
	{names: []string{"10,000 TCP checks per 10 s, no table: CPU, % of one core", "  lateness p99, ms", "  part of the checks that came"}, measure: tenThousand, alone: true},
	{names: []string{"1,000 HTTP checks at 1 s, no table: lateness p99, ms", "  worst, ms", "  part of the checks that came"},
		measure: func(_, dir string) ([]float64, error) { return lateness(dir, 0) }, alone: true},
	{names: []string{"  and with 64 hung servers, no table: p99, ms", "  worst, ms", "  part of the checks that came"},
		measure: func(_, dir string) ([]float64, error) { return lateness(dir, 64) }, alone: true},
}

// tenThousand measures the processor time of 10,000 checks.
func tenThousand(_, dir string) ([]float64, error) {
	const n, interval, secs = 10000, 10 * time.Second, 30
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return checking(self, dir, tcpBlock, n, 0, interval, func(p *lab.Proc, s *servers) ([]float64, error) {
		s.forget()
		before := cpu(p.Tree())
		time.Sleep(secs * time.Second)
		used := cpu(p.Tree()) - before
		late := s.late(interval)
		slices.Sort(late)
		return []float64{100 * used.Seconds() / secs, late[len(late)*99/100], float64(s.checks()) / (n * secs / interval.Seconds())}, nil
	}, native)
}

// lateness watches 1,000 checks at 1 s for 20 s.
func lateness(dir string, hung int) ([]float64, error) {
	const n, secs = 1000, 20
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return checking(self, dir, httpBlock, n, hung, time.Second, func(_ *lab.Proc, s *servers) ([]float64, error) {
		time.Sleep(2 * time.Second)
		s.forget()
		time.Sleep(secs * time.Second)
		late := s.late(time.Second)
		if len(late) == 0 {
			return nil, fmt.Errorf("no check came")
		}
		slices.Sort(late)
		return []float64{late[len(late)*99/100], late[len(late)-1], float64(len(late)) / float64((n-hung)*(secs-1))}, nil
	}, native)
}

// runChecker is that process. Its options are a daemon's; only the file counts.
func runChecker(args []string) error {
	at := slices.Index(args, "-f")
	if at < 0 || at+1 >= len(args) {
		return fmt.Errorf("no configuration file")
	}
	cfg, _ := conf.Load(args[at+1], conf.Options{})
	return healthcheck.Run(context.Background(), cfg, nil, silent{}, slog.New(slog.DiscardHandler), healthcheck.Options{Kernel: &ipvs.Memory{}})
}

// silent is where nobody listens.
type silent struct{}

func (silent) Publish(event.Event)             {}
func (silent) Ready()                          {}
func (silent) Status(healthcheck.Status)       {}
func (silent) Ordered(healthcheck.OrderAnswer) {}
