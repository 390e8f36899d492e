// Package oracle asks an installed keepalived (or halbd) what it thinks of a
// configuration file: it runs -t in a network namespace with interfaces of its own.
package oracle

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halbd/internal/lab"
)

// Verdict is what -t says.
type Verdict struct {
	Status int    // the exit status; 128 and the signal's number for a crash, Hangs for one that did not end
	Lines  []int  // the lines that are named, sorted, each once
	Text   string // all that was written
}

// Oracle is a namespace with eth0, eth1, ...; ethN has 192.168.N.1/24.
type Oracle struct {
	net *lab.Net
}

const node = "oracle"

// New makes the namespace. It needs root.
func New(interfaces []string) (*Oracle, error) {
	o := &Oracle{net: lab.New()}
	err := o.net.Add(node)
	for i, name := range interfaces {
		if err != nil {
			break
		}
		_, err = o.net.Run(node, fmt.Sprintf("ip link add %[1]s type veth peer name p-%[1]s && ip link set p-%[1]s up && ip link set %[1]s up && ip addr add 192.168.%[2]d.1/24 dev %[1]s", name, i))
	}
	if err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// Close removes the namespace.
func (o *Oracle) Close() { o.net.Close() }

// Inside calls f in the namespace: commands that f starts run there.
func (o *Oracle) Inside(f func() error) error { return o.net.Inside(node, f) }

// Hangs is the status of a -t that did not end.
const Hangs = 124

// limit is how long -t may take: some files make keepalived loop for ever.
const limit = 3 * time.Second

var namedLine = regexp.MustCompile(`\((?:[^()]*: )?Line ([0-9]+)\)`)

// Ask runs a binary's -t on a file of the main configuration. It must be
// called from Inside.
func Ask(binary, path string, args ...string) (Verdict, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, append([]string{"-t", "-f", path}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if ctx.Err() != nil {
		return Verdict{Status: Hangs}, nil
	}
	if err != nil && !errors.As(err, &exit) {
		return Verdict{}, err
	}
	v := Verdict{Text: string(out)}
	if exit != nil {
		v.Status = exit.ExitCode()
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			v.Status = 128 + int(ws.Signal())
		}
	}
	for _, m := range namedLine.FindAllStringSubmatch(v.Text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil {
			v.Lines = append(v.Lines, n)
		}
	}
	slices.Sort(v.Lines)
	v.Lines = slices.Compact(v.Lines)
	return v, nil
}

// Version gives what a keepalived calls itself, "2.2.7".
func Version(binary string) (string, error) {
	out, err := exec.Command(binary, "-v").CombinedOutput()
	_, rest, ok := strings.Cut(string(out), "Keepalived v")
	if !ok {
		return "", errors.Join(fmt.Errorf("%s -v names no version", binary), err)
	}
	version, _, _ := strings.Cut(rest, " ")
	return version, nil
}
