package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

var configFigures = []figure{
	{names: []string{"-t of 2,300 virtual and 37,000 real servers, ms", "  memory at most, KiB"}, measure: testConfig},
}

// testConfig times the configuration test of a large file: the median of seven runs.
func testConfig(binary, dir string) ([]float64, error) {
	path := filepath.Join(dir, "large.conf")
	if err := os.WriteFile(path, []byte(largeConfig()), 0o644); err != nil {
		return nil, err
	}
	var times []float64
	most := int64(0)
	for range 7 {
		cmd := exec.Command(binary, "-t", "-f", path)
		begin := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %.200s", err, out)
		}
		times = append(times, time.Since(begin).Seconds()*1000)
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			most = max(most, usage.Maxrss)
		}
	}
	slices.Sort(times)
	return []float64{times[len(times)/2], float64(most)}, nil
}

// largeConfig has a checker for each of its real servers.
func largeConfig() string {
	const services, servers = 2300, 16
	var b strings.Builder
	for v := range services {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.1 80 {\n    delay_loop 6\n    lvs_sched rr\n    lvs_method NAT\n    protocol TCP\n", v/250, v%250)
		for r := range servers + 200*(1-min(v, 1)) { // the first one has 200 more: 37,000 in all
			fmt.Fprintf(&b, "    real_server 172.%d.%d.%d 80 {\n        weight 1\n        TCP_CHECK {\n            connect_timeout 3\n            retry 3\n            delay_before_retry 3\n        }\n    }\n", 16+r/250, v%250, r%250+1)
		}
		b.WriteString("}\n")
	}
	return b.String()
}
