// Package lab builds small networks out of namespaces, runs daemons in them,
// looks at their packets, and runs commands inside a User Mode Linux kernel
// that has IPVS. Tests, the demo and the benchmarks stand on it. It needs root
// and iproute2, and touches nothing outside the namespaces that it makes.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"halbd/internal/netns"
)

// Net is a set of namespaces. Their names begin with a prefix of their own, so
// that several nets can live side by side.
type Net struct {
	prefix string
	nodes  []string
	procs  []*Proc
}

var made atomic.Int32

// New returns an empty net.
func New() *Net {
	return &Net{prefix: fmt.Sprintf("hb%d-%d-", os.Getpid(), made.Add(1))}
}

// Namespace is the name that a node's network namespace has on this host.
func (n *Net) Namespace(node string) string { return n.prefix + node }

// Close ends every daemon and removes every namespace.
func (n *Net) Close() {
	for _, p := range n.procs {
		p.Crash()
	}
	for _, node := range n.nodes {
		exec.Command("ip", "netns", "del", n.prefix+node).Run()
	}
}

// Add makes a namespace with its loopback up.
func (n *Net) Add(nodes ...string) error {
	for _, node := range nodes {
		if err := command("ip", "netns", "add", n.prefix+node); err != nil {
			return err
		}
		n.nodes = append(n.nodes, node)
		if _, err := n.Run(node, "ip link set lo up"); err != nil {
			return err
		}
	}
	return nil
}

// Bridge makes a switch: a namespace of its own with one bridge.
func (n *Net) Bridge(name string) error {
	if err := n.Add(name); err != nil {
		return err
	}
	_, err := n.Run(name, "ip link add br0 type bridge mcast_snooping 0 && ip link set br0 up")
	return err
}

// Plug connects a node's new interface to a switch and gives it addresses.
// On the switch the cable's end is called like the node.
func (n *Net) Plug(node, iface, bridge string, addrs ...string) error {
	end := Cable(node, iface)
	if err := command("ip", "link", "add", iface, "netns", n.prefix+node, "type", "veth", "peer", "name", end, "netns", n.prefix+bridge); err != nil {
		return err
	}
	if _, err := n.Run(bridge, "ip link set "+end+" master br0 up"); err != nil {
		return err
	}
	script := "ip link set " + iface + " up"
	for _, a := range addrs {
		nodad := ""
		if strings.Contains(a, ":") {
			nodad = " nodad"
		}
		script += " && ip addr add " + a + " dev " + iface + nodad
	}
	_, err := n.Run(node, script)
	return err
}

// Cable is the name of a node's interface at the switch's end.
func Cable(node, iface string) string { return node + "-" + iface }

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Run runs a shell command in a node and returns what it prints.
func (n *Net) Run(node, script string) (string, error) {
	out, err := exec.Command("ip", "netns", "exec", n.prefix+node, "sh", "-c", script).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %s: %w: %s", node, script, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// Inside calls f in the node's namespace: the sockets that f opens belong there.
func (n *Net) Inside(node string, f func() error) error {
	return netns.Do(netns.Named(n.prefix+node), f)
}

// ErrTimeout is Wait's.
var ErrTimeout = errors.New("it did not happen in time")

// Wait looks until the condition holds, or for so long.
func Wait(limit time.Duration, cond func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if cond() {
				return nil
			}
			return ErrTimeout
		}
	}
	return nil
}
