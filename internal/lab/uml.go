package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// HasIPVS reports whether this kernel has IPVS, or can load it.
func HasIPVS() bool {
	if _, err := os.Stat("/proc/net/ip_vs"); err == nil {
		return true
	}
	return exec.Command("modprobe", "ip_vs").Run() == nil
}

// initScript is the first process of the kernel: it mounts what a system
// needs, loads IPVS, runs the command and switches the kernel off.
const initScript = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /lib/modules/$(uname -r)
ip link set lo up
for m in ip_vs dummy veth bridge macvlan; do modprobe $m; done
mkdir -p /run/netns
cd '%s'
%s > '%s' 2>&1
echo $? > '%s'
sync
echo o > /proc/sysrq-trigger
sleep 9
`

// InUML runs a command as root inside a User Mode Linux kernel that has IPVS,
// on this host's file system, and copies what it prints to out as it comes.
// The command's exit status other than 0 is an error.
func InUML(ctx context.Context, out io.Writer, env []string, args ...string) error {
	// The kernel mounts its modules here; minimal hosts do not have the directory.
	if err := os.MkdirAll("/lib/modules", 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "halbd-uml-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	wd, err := os.Getwd()
	if err != nil {
		return err
	}
	text, status := filepath.Join(dir, "out"), filepath.Join(dir, "status")
	var words []string
	for _, w := range slices.Concat([]string{"env"}, env, args) {
		words = append(words, quote(w))
	}
	script := fmt.Sprintf(initScript, wd, strings.Join(words, " "), text, status)
	first := filepath.Join(dir, "init")
	if err := os.WriteFile(first, []byte(script), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(text, nil, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "linux.uml", "mem=2G", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw",
		"init="+first, "con=null", "con0=null,fd:1", "ssl=null", "quiet")
	var console strings.Builder
	cmd.Stdout, cmd.Stderr = &console, &console
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start User Mode Linux (package user-mode-linux): %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if err := follow(text, out, done); err != nil {
		return err
	}
	b, err := os.ReadFile(status)
	if err != nil {
		return errors.Join(fmt.Errorf("the command in User Mode Linux did not end: %s", console.String()), ctx.Err())
	}
	if rc := strings.TrimSpace(string(b)); rc != "0" {
		return errors.Join(fmt.Errorf("%s in User Mode Linux: exit status %q", args[0], rc), ctx.Err())
	}
	return nil
}

// quote makes one word of the shell.
func quote(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" }

// follow copies a growing file until the kernel has ended.
func follow(path string, out io.Writer, done <-chan error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if _, err := io.Copy(out, f); err != nil {
				return err
			}
		case <-done:
			_, err := io.Copy(out, f)
			return err
		}
	}
}
