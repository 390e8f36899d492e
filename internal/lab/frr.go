package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// frrDaemons is where the distribution's frr package has its daemons.
const frrDaemons = "/usr/lib/frr"

// FRR is FRR's bfdd in a node, with the zebra that it learns of interfaces from.
type FRR struct {
	dir         string
	zebra, bfdd *Proc
}

// HasFRR reports whether FRR is installed.
func HasFRR() bool {
	_, err := os.Stat(filepath.Join(frrDaemons, "bfdd"))
	return err == nil
}

// StartFRR runs bfdd with a configuration.
func (n *Net) StartFRR(node, conf string) (*FRR, error) {
	dir, err := os.MkdirTemp("", "frr-") // a short path: it holds sockets
	if err != nil {
		return nil, err
	}
	f := &FRR{dir: dir}
	if err := os.Chmod(dir, 0o777); err != nil { // the daemons run under an account of their own
		return nil, err
	}
	if f.zebra, err = f.start(n, node, "zebra", ""); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "z.sock")
	if err := Wait(10*time.Second, func() bool { _, err := os.Stat(socket); return err == nil }); err != nil {
		return nil, fmt.Errorf("zebra opens no socket: %s", f.zebra.Log())
	}
	f.bfdd, err = f.start(n, node, "bfdd", conf, "--bfdctl", filepath.Join(dir, "ctl.sock"))
	return f, err
}

func (f *FRR) start(n *Net, node, daemon, conf string, more ...string) (*Proc, error) {
	file := func(suffix string) string { return filepath.Join(f.dir, daemon+suffix) }
	if err := os.WriteFile(file(".conf"), []byte(conf), 0o644); err != nil {
		return nil, err
	}
	args := []string{filepath.Join(frrDaemons, daemon), "-f", file(".conf"), "-i", file(".pid"), "-z", filepath.Join(f.dir, "z.sock"),
		"--vty_socket", f.dir, "-u", "frr", "-g", "frr", "-P", "0"}
	return n.Start(node, file(".log"), append(args, more...)...)
}

// Peers is what bfdd says of its sessions.
func (f *FRR) Peers() string {
	out, _ := exec.Command("vtysh", "--vty_socket", f.dir, "-d", "bfdd", "-c", "show bfd peers").CombinedOutput()
	return string(out)
}

// Crash kills both daemons and removes their files.
func (f *FRR) Crash() {
	for _, p := range []*Proc{f.bfdd, f.zebra} {
		if p != nil {
			p.Crash()
		}
	}
	os.RemoveAll(f.dir)
}
