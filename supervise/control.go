package supervise

import (
	"context"
	"strings"

	"halbd/conf"
	"halbd/control"
)

// ControlSocket is where a daemon with these options and this configuration
// listens; "" for one that does not: the configured path, or a name beside the
// pid file.
func (o *Options) ControlSocket(g *conf.Global) string {
	switch g.ControlSocket {
	case "":
		return strings.TrimSuffix(pidPath(o.PIDFile, "halbd", g), ".pid") + ".sock"
	case "none":
		return ""
	}
	return g.ControlSocket
}

// followRemote serves the TCP address of the running configuration, if it has one.
func (p *parent) followRemote() {
	c := &p.cfg.Global.Control
	now := control.Remote{Addr: c.Listen, Cert: c.Cert, Key: c.Key, TokenFile: c.TokenFile}
	if now == p.remote.is {
		return
	}
	p.remote.end()
	p.remote = remote{is: now}
	if now.Addr.IsValid() {
		p.remote.stop = inBackground(func(ctx context.Context) { now.Serve(ctx, p, p.log) })
	}
}

// remote is the TCP address that is served.
type remote struct {
	is   control.Remote
	stop func() // nil: nothing is served
}

func (r *remote) end() {
	if r.stop != nil {
		r.stop()
	}
}

// inBackground runs f until the returned function is called, which waits for its end.
func inBackground(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// openControl serves the control socket until the returned function is called.
// A daemon without one does its work all the same.
func (p *parent) openControl() (stop func()) {
	path := p.opt.ControlSocket(&p.cfg.Global)
	if path == "" {
		return func() {}
	}
	l, err := control.Listen(path)
	if err != nil {
		p.log.Error(err.Error())
		return func() {}
	}
	return inBackground(func(ctx context.Context) { control.Serve(ctx, l, p, p.log) })
}
