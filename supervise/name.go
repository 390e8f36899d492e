package supervise

import (
	"fmt"
	"os"

	"halbd/conf"
)

// processName is what ps shows for a process: process_name and its kin, the
// names of process_names (keepalived's), or the program's own.
func processName(r role, g *conf.Global) string {
	name, stock := g.ProcessName, ""
	switch r {
	case roleVRRP:
		name, stock = g.VRRP.Name, "keepalived_vrrp"
	case roleChecker:
		name, stock = g.Checker.Name, "keepalived_ipvs"
	case roleBFD:
		name, stock = g.BFD.Name, "keepalived_bfd"
	}
	switch {
	case name != "":
		return name
	case g.ProcessNames && stock != "":
		return stock
	}
	return "halbd"
}

// nameProcess gives this process its name (/proc/PID/comm, at most 15 bytes).
func nameProcess(name string) error {
	if err := os.WriteFile(fmt.Sprintf("/proc/self/task/%d/comm", os.Getpid()), []byte(name), 0); err != nil {
		return fmt.Errorf("process name %s: %w", name, err)
	}
	return nil
}
