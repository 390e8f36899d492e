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
	case conf.SMTPCheck:
		return verdictOf(probeSMTP(ctx, k))
	case conf.DNSCheck:
		return verdictOf(probeDNS(ctx, k))
	case conf.UDPCheck:
		return verdictOf(probeUDP(ctx, k))
	case conf.PingCheck:
		return verdictOf(probePing(ctx, k))
	}
	return Result{Detail: "unknown checker " + string(k.Kind)}
}

func verdictOf(err error) Result {
	if err != nil {
		var here localError
		var words alertError
		errors.As(err, &words)
		return Result{Detail: err.Error(), Skipped: errors.As(err, &here), Alert: words.alert}
	}
	return Result{OK: true}
}

// alertError is a failure with the line of keepalived's mail about it.
type alertError struct {
	error
	alert string
}

func (e alertError) Unwrap() error { return e.error }

// connect opens a TCP connection with the checker's source address, mark and
// interface, within connect_timeout.
func connect(ctx context.Context, k *conf.Checker) (net.Conn, error) {
	d := net.Dialer{Timeout: k.ConnectTimeout, KeepAlive: -1, LocalAddr: source(k.Bind)}
	if k.Mark != 0 || k.BindInterface != "" || k.Bind.Port() != 0 {
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
	var (
		here  localError
		call  *os.SyscallError
		errno syscall.Errno
	)
	switch {
	case errors.As(err, &here):
		return here
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %v", limit)
	case errors.As(err, &call) && (call.Syscall == "socket" || call.Syscall == "bind"):
		return localError{call}
	case errors.As(err, &errno):
		return blame(errno)
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
		return Result{Exit: exit.ExitCode(), Detail: err.Error()}
	}
	r := Result{Exit: -1, Detail: err.Error()}
	if errors.Is(err, notify.ErrLimit) {
		r.Alert = "MISC CHECK timed out on service"
	}
	return r
}
