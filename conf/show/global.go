package show

import "halbd/conf"

func (p *printer) global(g *conf.Global) {
	p.block("global_defs", func() {
		if g.RouterID != "" {
			p.line("router_id", quote(g.RouterID))
		}
	})
}
