package dump

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/status"
)

// Checker writes keepalived_check.data: the configuration and the state of
// virtual servers and their checks.
func Checker(w io.Writer, cfg *conf.Config, s *status.Status) error {
	o := &sheet{w: w}
	o.global(cfg, false, time.Time{})
	if usesTLS(cfg) || cfg.SSL != nil {
		o.tls(cfg.SSL)
	}
	o.serverGroups(cfg)
	o.title("LVS Topology")
	o.linef(" System is compiled with LVS v1.2.1")
	eachService(cfg, s, func(v *conf.VirtualServer, st *healthcheck.ServiceStatus) { o.service(v, st) })
	o.title("Health checkers")
	eachService(cfg, s, func(v *conf.VirtualServer, st *healthcheck.ServiceStatus) {
		for i := range st.Servers {
			for j := range st.Servers[i].Checkers {
				o.check(cfg, st, &v.RealServers[i].Checkers[j], &st.Servers[i], &st.Servers[i].Checkers[j], v)
			}
		}
	})
	o.checkerFiles(cfg, s)
	return o.err
}

// eachService calls f for every virtual server that the picture shows as it is
// configured; a reload may have happened in between.
func eachService(cfg *conf.Config, s *status.Status, f func(*conf.VirtualServer, *healthcheck.ServiceStatus)) {
	if len(cfg.VirtualServers) != len(s.VirtualServers) {
		return
	}
	for i := range cfg.VirtualServers {
		v, st := &cfg.VirtualServers[i], &s.VirtualServers[i]
		if len(v.RealServers) == len(st.Servers) && sameChecks(v, st) {
			f(v, st)
		}
	}
}

func sameChecks(v *conf.VirtualServer, st *healthcheck.ServiceStatus) bool {
	for i := range v.RealServers {
		if len(v.RealServers[i].Checkers) != len(st.Servers[i].Checkers) {
			return false
		}
	}
	return true
}

func usesTLS(cfg *conf.Config) bool {
	for i := range cfg.VirtualServers {
		for j := range cfg.VirtualServers[i].RealServers {
			for k := range cfg.VirtualServers[i].RealServers[j].Checkers {
				if cfg.VirtualServers[i].RealServers[j].Checkers[k].Kind == conf.SSLGet {
					return true
				}
			}
		}
	}
	return false
}

func (o *sheet) tls(t *conf.TLSClient) {
	o.title("SSL definitions")
	if t == nil {
		o.linef(" Using autogen SSL context")
		return
	}
	for _, f := range []struct{ name, value string }{{"Password", yes(t.Password != "", hidden, "")}, {"CA-file", t.CA}, {"Certificate file", t.Certificate}, {"Key file", t.Key}} {
		if f.value != "" {
			o.linef(" %s = %s", f.name, f.value)
		}
	}
}

func (o *sheet) serverGroups(cfg *conf.Config) {
	seen := map[string]bool{}
	for i := range cfg.VirtualServers {
		v := &cfg.VirtualServers[i]
		if v.Kind != conf.ByGroup || seen[v.Group] {
			continue
		}
		seen[v.Group] = true
		o.linef(" ------< Virtual server group >------")
		o.linef(" Virtual Server Group = %s", v.Group)
		for _, m := range v.Members {
			switch {
			case !m.First.IsValid():
				o.linef("   FWMARK = %d", m.Fwmark)
			case m.Last.IsValid() && m.Last != m.First:
				o.linef("   VIP Range = %v-%v, VPORT = %d", m.First, m.Last, m.Port)
			default:
				o.linef("   VIP = %v, VPORT = %d", m.First, m.Port)
			}
		}
	}
}

func onOff(b bool) string { return yes(b, "ON", "OFF") }

func (o *sheet) service(v *conf.VirtualServer, st *healthcheck.ServiceStatus) {
	o.linef(" ------< Virtual server >------")
	switch v.Kind {
	case conf.ByFwmark:
		o.linef(" VS FWMARK = %d", v.Fwmark)
	case conf.ByGroup:
		o.linef(" VS GROUP = %s", v.Group)
	default:
		o.linef(" VS VIP = %v, VPORT = %d", v.Addr.Addr(), v.Addr.Port())
	}
	if v.VirtualHost != "" {
		o.linef("   VirtualHost = %s", v.VirtualHost)
	}
	o.linef("   Address family = inet%s", yes(v.Family == conf.IPv6, "6", ""))
	loop := delayLoop(v.RealServers, time.Minute)
	o.linef("   connection timeout = %.6f", inheritedTimeout.Seconds())
	o.linef("   delay_loop = %.6f", loop.Seconds())
	o.linef("   lvs_sched = %s", v.Scheduler)
	o.linef("   Hashed = disabled")
	for i, bit := range []uint32{8, 16, 32} {
		o.linef("   flag-%d = %s", i+1, yes(v.SchedFlags&bit != 0, "enabled", "disabled"))
	}
	o.linef("   One packet scheduling = %s", yes(v.OnePacket, "enabled", "disabled"))
	if v.Persistence > 0 {
		o.linef("   persistence timeout = %d", v.Persistence)
	}
	if v.PersistEngine != "" {
		o.linef("   persistence engine = %s", v.PersistEngine)
	}
	o.linef("   protocol = %s", strings.ToUpper(v.Protocol.String()))
	o.linef("   alpha is %s", onOff(v.Alpha))
	o.linef("   omega is %s", onOff(v.Omega))
	o.linef("   Inhibit on failure is OFF")
	o.linef("   quorum = %d, hysteresis = %d", v.Quorum, v.Hysteresis)
	o.script("   -> Notify script UP", v.QuorumUp)
	o.script("   -> Notify script DOWN", v.QuorumDown)
	if v.HASuspend {
		o.linef("   Using HA suspend")
	}
	o.linef("   Using smtp notification = %s", yes(v.SMTPAlert, "yes", "no"))
	o.linef("   default forwarding method = %s", forwarding(&v.Forwarding))
	if v.Sorry != nil {
		o.linef("   Sorry server = [%v]:%d", v.Sorry.Addr.Addr(), v.Sorry.Addr.Port())
		o.linef("   Sorry server forwarding method = %s", forwarding(&v.Sorry.Forwarding))
		o.linef("   Sorry server inhibit = %s", onOff(v.Sorry.Inhibit))
	}
	o.linef("   VS alive = 1")
	o.linef("   quorum_state_up = %d", flagOf(st.State == event.Up))
	o.linef("   reloaded = 0")
	for i := range v.RealServers {
		o.server(&v.RealServers[i], &st.Servers[i], loop)
	}
}

func (o *sheet) script(title string, c *conf.Command) {
	if c != nil {
		o.linef("%s = %s, uid:gid %d:%d", title, quoted(c), c.UID, c.GID)
	}
}

// inheritedTimeout is connect_timeout's default: what servers inherit is
// resolved in their checks.
const inheritedTimeout = 5 * time.Second

// delayLoop is what the checks of the servers inherit, as far as they show it.
func delayLoop(servers []conf.RealServer, other time.Duration) time.Duration {
	for i := range servers {
		for j := range servers[i].Checkers {
			k := &servers[i].Checkers[j]
			if k.DelayLoop > 0 {
				return k.DelayLoop
			}
		}
	}
	return other
}

func forwarding(f *conf.Forwarding) string {
	if f.Method != conf.TUN {
		return string(f.Method)
	}
	kind := map[conf.TunnelType]string{conf.TunnelIPIP: "IPIP", conf.TunnelGUE: "GUE", conf.TunnelGRE: "GRE"}[f.TunnelType]
	text := "TUN, type = " + kind
	if f.TunnelType == conf.TunnelGUE {
		text += fmt.Sprintf(" port = %d", f.TunnelPort)
	}
	if f.TunnelType != conf.TunnelIPIP {
		text += map[conf.TunnelCsum]string{conf.TunnelNoCsum: " nocsum", conf.TunnelCsumOn: " csum", conf.TunnelRemCsum: " remcsum"}[f.TunnelCsum]
	}
	return text
}

func (o *sheet) server(c *conf.RealServer, st *healthcheck.ServerStatus, inherited time.Duration) {
	o.linef("   ------< Real server >------")
	o.linef("   RIP = %v, RPORT = %d, WEIGHT = %d EFF WEIGHT = %d", c.Addr.Addr(), c.Addr.Port(), c.Weight, st.Weight)
	o.linef("   forwarding method = %s", forwarding(&c.Forwarding))
	o.linef("   Alpha is %s", onOff(c.Alpha))
	o.linef("   connection timeout = %.6f", inheritedTimeout.Seconds())
	o.linef("   connection limit range = %d -> %d", c.LowerThreshold, c.UpperThreshold)
	o.linef("   Delay loop = %.6f", delayLoop([]conf.RealServer{*c}, inherited).Seconds())
	o.linef("   Inhibit on failure is %s", onOff(c.Inhibit))
	o.script("   -> Notify script UP", c.NotifyUp)
	o.script("   -> Notify script DOWN", c.NotifyDown)
	o.linef("   Using smtp notification = %s", yes(c.SMTPAlert, "yes", "no"))
	o.linef("   initial weight = %d", c.Weight)
	o.linef("   effective weight = %d", st.Weight)
	o.linef("   previous effective_weight = 0")
	o.linef("   alive = %d", flagOf(st.State == event.Up))
	failed := 0
	for i := range st.Checkers {
		failed += int(flagOf(st.Checkers[i].State == event.Down))
	}
	o.linef("   num failed checkers = %d", failed)
	o.linef("   RS set = %d", flagOf(st.State == event.Up || c.Inhibit))
	o.linef("   reloaded = 0")
	title := false
	for i := range c.Checkers {
		if f := c.Checkers[i].File; f != nil {
			if !title {
				o.linef("   Tracked Files")
				title = true
			}
			o.linef("     %s, weight %d%s", f.TrackFile, f.Weight, yes(f.Reverse, " reverse", ""))
		}
	}
}

func yesNo(b bool) string { return yes(b, "yes", "no") }

func (o *sheet) check(cfg *conf.Config, vs *healthcheck.ServiceStatus, c *conf.Checker, rs *healthcheck.ServerStatus, st *healthcheck.CheckerStatus, v *conf.VirtualServer) {
	o.linef(" %s -> %s", vs.Name, rs.Name)
	o.linef("   Enabled = yes")
	o.linef("   Up = %s", yesNo(st.State == event.Up))
	follows := c.File != nil || c.BFD != nil
	o.linef("   Has run = %s", yesNo(follows || !st.Last.IsZero()))
	o.linef("   Current weight = 0")
	if !follows {
		o.linef("   Alpha = %s", yesNo(c.Alpha))
		o.linef("   Delay loop = %d us", c.DelayLoop.Microseconds())
		o.linef("   Warmup = %d us", c.Warmup.Microseconds())
		o.linef("   Retries = %d", c.Retry)
		if c.Retry > 0 {
			o.linef("   Delay before retry = %d us", c.RetryDelay.Microseconds())
			o.linef("   Retries iterations = %d", st.Failed)
		}
		o.linef("   Default delay before retry = %d us", defaultRetry(c).Microseconds())
	}
	o.linef("   Log all failures = %s", yesNo(c.LogAllFailures && !cfg.Global.LogAllFailures))
	if !follows && c.Misc == nil {
		o.connection(c)
	}
	o.method(c, st, v)
}

// defaultRetry is what delay_before_retry is without a setting; that of a DNS
// check is the delay_loop.
func defaultRetry(c *conf.Checker) time.Duration {
	switch c.Kind {
	case conf.HTTPGet, conf.SSLGet:
		return 3 * time.Second
	case conf.DNSCheck:
		return 0
	}
	return time.Second
}

func (o *sheet) connection(c *conf.Checker) {
	o.linef("   Connection")
	o.linef("     Dest = %s", endpoint(c.Connect))
	if c.Bind.IsValid() {
		o.linef("     Bind to = %s", endpoint(c.Bind))
	}
	if c.BindInterface != "" {
		o.linef("     Bind i/f = %s", c.BindInterface)
	}
	if c.Mark != 0 {
		o.linef("     Mark = %d", c.Mark)
	}
	o.linef("     Timeout = %.6f", c.ConnectTimeout.Seconds())
}

func endpoint(a netip.AddrPort) string { return fmt.Sprintf("[%v]:%d", a.Addr(), a.Port()) }

func (o *sheet) method(c *conf.Checker, st *healthcheck.CheckerStatus, v *conf.VirtualServer) {
	if c.HTTP != nil {
		o.http(c, st, v)
		return
	}
	o.linef("   Keepalive method = %s", c.Kind)
	switch {
	case c.Misc != nil:
		m := c.Misc
		timeout := m.Timeout
		if timeout == c.DelayLoop { // the default, which keepalived writes as 0
			timeout = 0
		}
		o.linef("   script = %s", quoted(&m.Command))
		o.linef("   timeout = %s", whole(timeout))
		o.linef("   dynamic = %s", yes(m.Dynamic, "YES", "NO"))
		o.linef("   uid:gid = %d:%d", m.Command.UID, m.Command.GID)
		if !st.Last.IsZero() {
			o.linef("   Last ran = %s", stamp(st.Last))
			o.linef("   Last status = %d", flagOf(st.Error != ""))
		}
	case c.File != nil:
		o.linef("     Tracked file = %s", c.File.TrackFile)
		o.linef("     Reloaded = No")
	case c.BFD != nil:
		o.linef("     Tracked BFD = %s", c.BFD.Name)
	case c.DNS != nil:
		o.linef("   Type = %s", c.DNS.Type)
		o.linef("   Name = %s", strings.TrimSuffix(c.DNS.Name, "."))
	case c.UDP != nil:
		o.udp(c.UDP)
	case c.SMTP != nil:
		o.linef("   helo = %s", c.SMTP.HELO)
	}
}

func (o *sheet) udp(u *conf.UDPOptions) {
	if len(u.Payload) == 0 {
		o.linef("   Payload specified = no")
	} else {
		o.linef("   Payload len = %d", len(u.Payload))
	}
	o.linef("   Require reply = %s", yesNo(u.RequireReply))
	if !u.RequireReply {
		return
	}
	o.linef("     Min reply length = %d", u.MinReply)
	o.linef("     Max reply length = %d", u.MaxReply)
	o.linef("     Reply data len = %d", len(u.Reply))
	if len(u.Reply) > 0 {
		whole := true
		for _, b := range u.ReplyMask {
			whole = whole && b == 0xff
		}
		o.linef("     Reply data mask = %s", yesNo(!whole))
	}
}

func (o *sheet) http(c *conf.Checker, st *healthcheck.CheckerStatus, v *conf.VirtualServer) {
	h := c.HTTP
	o.linef("   Keepalive method = %s, http protocol %s", c.Kind, h.Version)
	if h.VirtualHost != v.VirtualHost {
		o.linef("   Virtualhost = %s", h.VirtualHost)
	}
	o.linef("   Enable SNI %s", yes(h.EnableSNI || h.SNI != "", "set", "unset"))
	if h.SNI != "" {
		o.linef("     SNI name = %s", h.SNI)
	}
	o.linef("   Fast recovery %s", yes(h.FastRecovery, "set", "unset"))
	if c.Kind == conf.SSLGet {
		o.linef("   tls_compliant %s", yes(h.TLSCompliant, "set", "unset"))
	}
	for i := range h.URLs {
		u := &h.URLs[i]
		o.linef("   Checked url = %s", u.Path)
		if u.Digest != "" {
			o.linef("     digest = %s", u.Digest)
		}
		o.linef("     tls_compliant %s", yes(u.TLSCompliant && !h.TLSCompliant, "set", "unset"))
		o.linef("     HTTP Status Code(s)")
		for _, r := range u.Status {
			if r.From == r.To {
				o.linef("       %d", r.From)
			} else {
				o.linef("       %d-%d", r.From, r.To)
			}
		}
		if u.VirtualHost != h.VirtualHost {
			o.linef("     Virtual host = %s", u.VirtualHost)
		}
		if u.Regex != nil {
			o.regex(u.Regex)
		}
	}
	if st.State == event.Down && len(h.URLs) == 1 {
		o.linef("   Failed URL = %s", h.URLs[0].Path)
	}
}

func (o *sheet) regex(r *conf.Regex) {
	o.linef("     Regex = \"%s\"", r.Pattern)
	if r.NoMatch {
		o.linef("     Regex no match")
	}
	o.linef("%s", strings.TrimRight("     Regex options: "+strings.Join(r.Options, " "), " "))
}

func (o *sheet) checkerFiles(cfg *conf.Config, s *status.Status) {
	users := map[string][]string{}
	eachService(cfg, s, func(v *conf.VirtualServer, st *healthcheck.ServiceStatus) {
		for i := range v.RealServers {
			for j := range v.RealServers[i].Checkers {
				if f := v.RealServers[i].Checkers[j].File; f != nil {
					users[f.TrackFile] = append(users[f.TrackFile], fmt.Sprintf("%s -> %s, weight %d%s", st.Name, st.Servers[i].Name, f.Weight, yes(f.Reverse, " reverse", "")))
				}
			}
		}
	})
	if len(users) == 0 {
		return
	}
	o.title("Checker track files")
	for i := range cfg.TrackFiles {
		f := &cfg.TrackFiles[i]
		o.file(f, s)
		o.linef("   Tracking instances :")
		o.lines("     ", users[f.Name])
	}
}
