// Package demo shows the main job of halbd on real input: keepalived.conf.example
// on two directors in front of three web servers, and a client that sends
// requests all along while a web server and the active director fail.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"halbd/internal/lab"
	"halbd/ipvs"
)

// Where things are in keepalived.conf.example.
const (
	vip     = "192.0.2.100"
	gateway = "10.77.0.1"
	pause   = 20 * time.Millisecond  // between requests
	limit   = 300 * time.Millisecond // for one request
)

// demo is one run.
type demo struct {
	net   *lab.Net
	halbd string
	conf  string // the text of the example
	dir   string
	out   io.Writer
	begin time.Time
	lb    map[string]*lab.Proc
	web   map[string][]*lab.Web

	mu       sync.Mutex // guards requests
	requests []request
}

// request is one of the client's.
type request struct {
	at   time.Time // its end
	from string    // the server that answered; "" when nobody did
}

// Run plays the demo with a halbd binary and the example's text, and prints a
// timeline. A step that does not happen is an error.
func Run(halbd, example string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "halbd-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	d := &demo{net: lab.New(), halbd: halbd, conf: example, dir: dir, out: out, lb: map[string]*lab.Proc{}, web: map[string][]*lab.Web{}}
	defer d.net.Close()
	if err := d.build(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var client sync.WaitGroup
	defer client.Wait()
	defer stop()
	d.begin = time.Now()
	client.Go(func() { d.net.Client(ctx, "client", vip+":80", pause, limit, d.saw) })
	return d.play()
}

func (d *demo) saw(text string, err error) {
	r := request{at: time.Now()}
	if err == nil {
		r.from = text
	}
	d.mu.Lock()
	d.requests = append(d.requests, r)
	d.mu.Unlock()
}

// build makes the network of the example's drawing, and the web servers.
func (d *demo) build() error {
	n := d.net
	err := errors.Join(n.Bridge("front"), n.Bridge("back"), n.Add("client", "lb1", "lb2", "web1", "web2", "web3"),
		n.Plug("client", "eth0", "front", "192.0.2.9/24"))
	for i, lb := range []string{"lb1", "lb2"} {
		_, ferr := n.Run(lb, "echo 1 > /proc/sys/net/ipv4/ip_forward")
		err = errors.Join(err, ferr, n.Plug(lb, "eth0", "front", fmt.Sprintf("192.0.2.%d/24", i+1)), n.Plug(lb, "eth1", "back", fmt.Sprintf("10.77.0.%d/24", i+2)))
	}
	for i, web := range []string{"web1", "web2", "web3"} {
		err = errors.Join(err, n.Plug(web, "eth0", "back", fmt.Sprintf("10.77.0.%d/24", 11+i)))
		_, rerr := n.Run(web, "ip route add default via "+gateway)
		err = errors.Join(err, rerr, d.startWeb(web))
	}
	if err != nil {
		return fmt.Errorf("build the network: %w", err)
	}
	return nil
}

func (d *demo) startWeb(web string) error {
	d.web[web] = nil
	for _, port := range []string{":80", ":6443"} {
		w, err := d.net.Serve(web, port, web)
		if err != nil {
			return err
		}
		d.web[web] = append(d.web[web], w)
	}
	return nil
}

func (d *demo) stopWeb(web string) {
	for _, w := range d.web[web] {
		w.Close()
	}
}

// startDirector runs halbd with the example; only the paths outside the
// namespaces are moved.
func (d *demo) startDirector(lb string) error {
	script := filepath.Join(d.dir, "notify")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$(hostname) $*\" >> "+d.dir+"/notified\n"), 0o755); err != nil {
		return err
	}
	conf := strings.NewReplacer("/usr/local/sbin/director-notify", script, "/run/director-maintenance", filepath.Join(d.dir, lb+"-maintenance"),
		"    enable_script_security ", "    # enable_script_security ").Replace(d.conf) // a script below /tmp can never be secure
	p, err := d.net.Daemon(lb, d.halbd, d.dir, conf, "-i", lb)
	d.lb[lb] = p
	return err
}

// crash takes a director away as a power failure does: no process and no
// cable, at the time that is returned; nothing that it had in its kernel is
// there when it comes back.
func (d *demo) crash(lb string) (at time.Time, err error) {
	for iface, bridge := range map[string]string{"eth0": "front", "eth1": "back"} {
		if _, err := d.net.Run(bridge, "ip link set "+lab.Cable(lb, iface)+" down"); err != nil {
			return at, err
		}
	}
	at = time.Now()
	d.lb[lb].Crash()
	_, err = d.net.Run(lb, "ip addr del "+vip+"/24 dev eth0; ip addr del "+gateway+"/24 dev eth1; ipvsadm -C")
	return at, err
}

func (d *demo) boot(lb string) error {
	for iface, bridge := range map[string]string{"eth0": "front", "eth1": "back"} {
		if _, err := d.net.Run(bridge, "ip link set "+lab.Cable(lb, iface)+" up"); err != nil {
			return err
		}
	}
	return d.startDirector(lb)
}

// owns reports whether a director has the virtual address.
func (d *demo) owns(lb string) bool {
	out, err := d.net.Run(lb, "ip -o addr show dev eth0 to "+vip)
	return err == nil && strings.Contains(out, vip)
}

// serves reports whether a server is in a director's table of the web service.
func (d *demo) serves(lb, addr string) bool {
	found := false
	err := d.net.Inside(lb, func() error {
		c, err := ipvs.Dial()
		if err != nil {
			return err
		}
		defer c.Close()
		services, err := c.Services()
		for _, s := range services {
			for _, r := range s.Dests {
				found = found || s.Port == 80 && r.Addr == netip.MustParseAddr(addr)
			}
		}
		return err
	})
	return err == nil && found
}
