package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"halbd/control"
	"halbd/internal/lab"
)

// What is read ten times a second, halbd's alone: keepalived has no metrics. The
// kernel that has IPVS is slow and has one processor, which this program needs
// too: the first figures are of real time, those with a table of ten thousand
// servers of what it costs.
var (
	scrapeFigures = []figure{{names: scrapeNames("250 instances at 100 ms"), alone: true, measure: func(binary, dir string) ([]float64, error) {
		return scraped(binary, dir, manyInstances(250), func(page string) bool { return strings.Count(page, `state="MASTER"} 1`) == 250 })
	}}}
	scrapeTableFigures = []figure{{names: scrapeNames("100 ms adverts, 10,000 servers"), alone: true, measure: func(binary, dir string) ([]float64, error) {
		return scraped(binary, dir, manyInstances(1)+table(200, 50), func(page string) bool {
			return strings.Contains(page, `state="MASTER"} 1`) && strings.Count(page, "\nhalbd_real_server_active_connections{") == 10000
		})
	}}}
)

func scrapeNames(what string) []string {
	return []string{what + ": lateness p99, ms", "  worst, ms", "  /metrics read 10 times a second: p99, ms", "  worst, ms", "  pages in 10 s", "  CPU of one page, ms"}
}

// manyInstances is a master of real-time priority of so many instances.
func manyInstances(n int) string {
	var b strings.Builder
	b.WriteString("global_defs {\n vrrp_version 3\n vrrp_rt_priority 10\n}\n")
	for i := range n {
		fmt.Fprintf(&b, "vrrp_instance V%d {\n interface eth0\n virtual_router_id %d\n priority 150\n advert_int 0.1\n virtual_ipaddress {\n  10.9.1.%d/32\n }\n}\n", i+1, i+1, i+1)
	}
	return b.String()
}

// scraped watches the adverts of a master at rest and while its metrics are
// read; settled tells from a page that it is complete.
func scraped(binary, dir, conf string, settled func(page string) bool) ([]float64, error) {
	const span, perSecond = 10 * time.Second, 10
	n, err := pair()
	if err != nil {
		return nil, err
	}
	defer n.Close()
	p, err := n.Daemon("a", binary, dir, conf)
	if err != nil {
		return nil, err
	}
	door := control.Dial(strings.TrimSuffix(p.Conf(), ".conf") + ".sock")
	page := func() (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		body, err := door.Get(ctx, "/metrics")
		if err != nil {
			return "", err
		}
		defer body.Close()
		b, err := io.ReadAll(body)
		return string(b), err
	}
	if err := lab.Wait(2*time.Minute, func() bool {
		text, err := page()
		return err == nil && settled(text)
	}); err != nil {
		return nil, fmt.Errorf("no master with its table: %w", err)
	}
	time.Sleep(calm)

	sniff, err := n.Sniff("sw", lab.Cable("a", "eth0"))
	if err != nil {
		return nil, err
	}
	defer sniff.Close()
	time.Sleep(span)
	quiet := gaps(sniff.Frames(), time.Time{})

	busy, used, pages := time.Now(), cpu(p.Tree()), 0
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for time.Since(busy) < span {
		<-tick.C
		if _, err := page(); err != nil {
			return nil, err
		}
		pages++
	}
	used = cpu(p.Tree()) - used
	loud := gaps(sniff.Frames(), busy)
	if len(quiet) == 0 || len(loud) == 0 {
		return nil, fmt.Errorf("no adverts")
	}
	return []float64{quiet[len(quiet)*99/100], quiet[len(quiet)-1], loud[len(loud)*99/100], loud[len(loud)-1], float64(pages), milliseconds(used) / float64(pages)}, nil
}

// gaps lists by how much adverts of 100 ms came later after the one before than
// they should, in ms, in order of size.
func gaps(frames []lab.Frame, from time.Time) (late []float64) {
	before := map[uint8]time.Time{}
	for _, f := range frames {
		if f.GARP || f.At.Before(from) {
			continue
		}
		if at, known := before[f.Advert.VRID]; known {
			late = append(late, milliseconds(f.At.Sub(at)-100*time.Millisecond))
		}
		before[f.Advert.VRID] = f.At
	}
	slices.Sort(late)
	return late
}
