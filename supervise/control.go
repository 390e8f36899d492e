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
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		control.Serve(ctx, l, p, p.log)
	}()
	return func() {
		cancel()
		<-done
	}
}
