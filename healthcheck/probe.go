package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"

	"halbd/conf"
	"halbd/notify"
)

// probe asks a server once, for the kinds that the engine does not handle. It
// ends when the checker's own time limits or ctx end it, whatever the server does.
func probe(ctx context.Context, k *conf.Checker, url int, w *web) Result {
	switch k.Kind {
	case conf.HTTPGet, conf.SSLGet:
		return verdictOf(w.probe(ctx, k, url))
	case conf.MiscCheck:
		return probeMisc(ctx, k)
	}
	return Result{Detail: "unknown checker " + string(k.Kind)}
}

// runs reports whether checkers of a kind can be run. The others count for
// nothing: their server is judged by what else it has.
func runs(k conf.CheckKind) bool {
	switch k {
	case conf.TCPCheck, conf.HTTPGet, conf.SSLGet, conf.MiscCheck:
		return true
	}
	return false
}

func verdictOf(err error) Result {
	if err != nil {
		return Result{Detail: err.Error()}
	}
	return Result{OK: true}
}

// connect opens a TCP connection with the checker's source address, mark and
// interface, within connect_timeout.
func connect(ctx context.Context, k *conf.Checker) (net.Conn, error) {
	d := net.Dialer{Timeout: k.ConnectTimeout, KeepAlive: -1, LocalAddr: source(k.Bind)}
	if k.Mark != 0 || k.BindInterface != "" {
		d.Control = func(_, _ string, rc syscall.RawConn) error { return control(rc, k) }
	}
	c, err := d.DialContext(ctx, "tcp", k.Connect.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %v: %w", k.Connect, plain(err, k.ConnectTimeout))
	}
	return c, nil
}

func source(a netip.AddrPort) net.Addr {
	if !a.Addr().IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(a)
}

// control prepares the socket that a net.Dialer has opened.
func control(rc syscall.RawConn, k *conf.Checker) error {
	var err error
	cerr := rc.Control(func(fd uintptr) { err = prepare(int(fd), k) })
	return errors.Join(cerr, err)
}

// plain takes the reason out of the layers of a network error.
func plain(err error, limit time.Duration) error {
	var errno syscall.Errno
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v", limit)
	case errors.As(err, &errno):
		return errno
	}
	return err
}

func probeMisc(ctx context.Context, k *conf.Checker) Result {
	err := notify.RunScript(ctx, k.Misc.Command, k.Misc.Timeout)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return Result{OK: true}
	case errors.As(err, &exit):
		return Result{Exit: exit.ExitCode(), Detail: exit.Error()}
	}
	return Result{Exit: -1, Detail: err.Error()}
}
