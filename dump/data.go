package dump

import (
	"fmt"
	"io"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/status"
	"halbd/vrrp"
)

// sheet writes the lines of a data file. The first error stays.
type sheet struct {
	w   io.Writer
	err error
}

func (s *sheet) linef(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format+"\n", args...)
	}
}

func (s *sheet) title(name string) { s.linef("------< %s >------", name) }

// yes picks one of two words.
func yes(b bool, on, off string) string {
	if b {
		return on
	}
	return off
}

// VRRP writes keepalived.data: the configuration and the state of VRRP.
func VRRP(w io.Writer, cfg *conf.Config, s *status.Status, links []Link) error {
	o := &sheet{w: w}
	o.global(cfg, true, time.Time{})
	o.static(cfg)
	if len(cfg.Instances) > 0 {
		o.title("VRRP Topology")
		each(cfg, s, func(c *conf.Instance, st *vrrp.InstanceStatus) { o.instance(c, st) })
		o.sockets(cfg)
	}
	o.groups(cfg, s)
	o.scripts(cfg, s)
	o.files(cfg, s)
	o.processes(cfg, s)
	o.bfds(cfg, s)
	o.links(cfg, links)
	return o.err
}

func (o *sheet) static(cfg *conf.Config) {
	if len(cfg.StaticAddresses) > 0 {
		o.title("Static Addresses")
		o.lines("     ", addressTexts(cfg.StaticAddresses, true))
	}
	if len(cfg.StaticRoutes) > 0 {
		o.title("Static Routes")
		for i := range cfg.StaticRoutes {
			o.linef("     %s", routeText(&cfg.StaticRoutes[i]))
		}
	}
	if len(cfg.StaticRules) > 0 {
		o.title("Static Rules")
		for i := range cfg.StaticRules {
			o.linef("     %s", ruleText(&cfg.StaticRules[i]))
		}
	}
}

func (o *sheet) lines(indent string, list []string) {
	for _, l := range list {
		o.linef("%s%s", indent, l)
	}
}

// stamp is a time of day as keepalived writes it: seconds, and for people.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "0.000000"
	}
	return fmt.Sprintf("%s (%s)", seconds6(t), t.Format("Mon Jan _2 15:04:05.000000 2006"))
}

func (o *sheet) instance(c *conf.Instance, st *vrrp.InstanceStatus) {
	o.linef(" VRRP Instance = %s", c.Name)
	o.linef("   VRRP Version = %d", c.Version)
	if c.Family == conf.IPv6 {
		o.linef("   Using Native IPv6")
	}
	if st.Group != "" {
		o.linef("   Sync group = %s", st.Group)
	}
	o.role(c, st)
	o.addressing(c, st)
	o.settings(c, st)
	o.objects(c, st)
	o.tracked("   ", &c.Track)
	o.linef("   Using smtp notification = %s", yes(c.SMTPAlert, "yes", "no"))
	o.linef("   Notify deleted = %s", yes(c.Notify.ReportDeleted, "Deleted", "Fault"))
	o.hooks(&c.Notify)
	o.linef("   Notify priority changes = %s", yes(c.Notify.PriorityChange, "true", "false"))
}

func (o *sheet) role(c *conf.Instance, st *vrrp.InstanceStatus) {
	o.linef("   State = %s", st.State)
	if st.State == event.Backup && st.Master.IsValid() {
		o.linef("   Master router = %v", st.Master)
		o.linef("   Master priority = %d", st.MasterPriority)
		if c.Version == 3 {
			o.linef("   Master advert int = %.2f sec", st.MasterInterval)
		}
	}
	if c.Unicast {
		o.linef("   Flags:")
		o.linef("     Using unicast")
	} else {
		o.linef("   Flags: none")
	}
	o.linef("   Wantstate = %s", st.State)
	init, faults := 0, len(st.Faults)
	for _, t := range st.Trackers {
		if !t.Known && t.Kind == vrrp.TrackScript {
			init++
		}
	}
	if st.State != event.Fault {
		faults = 0
	}
	o.linef("   Number of config faults = 0")
	o.linef("   Number of tracker faults = %d", faults)
	o.linef("   Flags of interface faults - (none)")
	o.linef("   Number of track scripts init = %d", init)
	o.linef("   Last transition = %s", stamp(st.Since))
	if st.Next == nil {
		o.linef("   Read timeout = DISABLED")
	} else {
		o.linef("   Read timeout = %s", stamp(st.Next.At))
	}
	o.linef("   Master down timer = %d usecs", int64(st.MasterDown*1e6))
}

func (o *sheet) addressing(c *conf.Instance, st *vrrp.InstanceStatus) {
	switch {
	case c.VMAC != nil:
		own, _ := ownLink(c)
		o.linef("   Use VMAC, i/f name %s, is_up = true, xmit_base = %s", own, yes(c.XmitBase, "true", "false"))
		o.linef("   Interface = %s, vmac on %s%s", own, c.Interface, yes(c.XmitBase, ", xmit base i/f", ""))
	case c.IPVLAN != nil:
		own, _ := ownLink(c)
		o.linef("   Use IPVLAN, i/f %s, is_up = true", own)
		o.linef("   Interface = %s, ipvlan on %s", own, c.Interface)
	default:
		o.linef("   Interface = %s", c.Interface)
	}
	if c.DontTrackPrimary {
		o.linef("   VRRP interface tracking disabled")
	}
	if c.SkipCheckAddr {
		o.linef("   Skip checking advert IP addresses")
	}
	if c.Strict {
		o.linef("   Enforcing strict VRRP compliance")
	}
	source := "(none)"
	if st.Source.IsValid() {
		source = st.Source.String()
	}
	o.linef("   Using src_ip = %s%s", source, yes(c.Source.IsValid(), " (from configuration)", ""))
	if !c.Unicast {
		o.linef("   Multicast address %v", c.Destination)
	}
}

func (o *sheet) settings(c *conf.Instance, st *vrrp.InstanceStatus) {
	g := &c.GARP
	o.linef("   Gratuitous ARP delay = %s", whole(g.MasterDelay))
	o.linef("   Gratuitous ARP repeat = %d", g.MasterRepeat)
	o.linef("   Gratuitous ARP refresh = %s", whole(g.Refresh))
	o.linef("   Gratuitous ARP refresh repeat = %d", g.RefreshRepeat)
	o.linef("   Gratuitous ARP lower priority delay = %s", whole(g.LowerPrioDelay))
	o.linef("   Gratuitous ARP lower priority repeat = %d", g.LowerPrioRepeat)
	o.linef("   Down timer adverts = %d", c.DownTimerAdverts)
	o.linef("   Send advert after receive lower priority advert = %s", yes(!c.LowerPrioNoAdv, "true", "false"))
	o.linef("   Send advert after receive higher priority advert = %s", yes(c.HigherPrioAdv, "true", "false"))
	o.linef("   Virtual Router ID = %d", c.VRID)
	o.linef("   Priority = %d", c.Priority)
	o.linef("   Effective priority = %d", st.Priority)
	total := int(c.Priority)
	for _, t := range st.Trackers {
		total += t.Change
	}
	o.linef("   Total priority = %d", total)
	if c.Version == 2 {
		o.linef("   Advert interval = %s sec", whole(c.AdvertInterval))
	} else {
		o.linef("   Advert interval = %d milli-sec", c.AdvertInterval.Milliseconds())
	}
	if c.Version == 3 && st.State == event.Backup {
		o.linef("   Master advert interval = %d milli-sec", int64(st.MasterInterval*1000+0.5))
	}
	if !st.Sent.IsZero() {
		o.linef("   Last advert sent = %s", seconds6(st.Sent))
	}
	o.linef("   Accept = %s", yes(!c.NoAccept, "enabled", "disabled"))
	o.linef("   Preempt = %s", yes(!c.NoPreempt, "enabled", "disabled"))
	if c.PreemptDelay > 0 {
		o.linef("   Preempt delay = %s secs", whole(c.PreemptDelay))
	}
	o.linef("   Promote_secondaries = %s", yes(c.PromoteSecondary, "enabled", "disabled"))
	if c.Version == 2 {
		o.linef("   Authentication type = %s", map[conf.AuthType]string{conf.AuthNone: "none", conf.AuthPass: "SIMPLE_PASSWORD", conf.AuthAH: "IPSEC_AH"}[c.AuthType])
		if c.AuthType == conf.AuthPass {
			o.linef("   Password = %s", hidden)
		}
	}
}

func (o *sheet) objects(c *conf.Instance, st *vrrp.InstanceStatus) {
	if len(c.Addresses) > 0 {
		o.linef("   Virtual IP (%d):", len(c.Addresses))
		o.lines("     ", addressTexts(c.Addresses, st.Holds))
	}
	if len(c.Excluded) > 0 {
		o.linef("   Virtual IP Excluded :")
		o.lines("     ", addressTexts(c.Excluded, st.Holds))
	}
	if c.Unicast {
		ttl := c.UnicastTTL
		if ttl == 0 {
			ttl = 255
		}
		o.linef("   Unicast TTL = %d", ttl)
		o.linef("   Check unicast src : %s", yes(c.CheckUnicastSrc, "yes", "no"))
		o.linef("   Unicast Peer :")
		for _, p := range c.UnicastPeers {
			high := p.MaxTTL
			if high == 0 {
				high = 255
			}
			o.linef("     %v min_ttl %d max_ttl %d", p.Addr, p.MinTTL, high)
		}
		o.linef("   Unicast checksum compatibility = %s", map[conf.OldChecksum]string{conf.OldChecksumDetect: "no", conf.OldChecksumAlways: "config", conf.OldChecksumNever: "never"}[c.OldChecksum])
	}
	if len(c.Routes) > 0 {
		o.linef("   Virtual Routes :")
		for i := range c.Routes {
			o.linef("     %s", routeText(&c.Routes[i]))
		}
	}
	if len(c.Rules) > 0 {
		o.linef("   Virtual Rules :")
		for i := range c.Rules {
			o.linef("     %s", ruleText(&c.Rules[i]))
		}
	}
}

// tracked lists the references of an instance or a group.
func (o *sheet) tracked(indent string, t *conf.Tracking) {
	for _, k := range []struct {
		title, separator string
		list             []conf.Track
	}{{"interfaces", " ", t.Interfaces}, {"scripts", " ", t.Scripts}, {"files", ", ", t.Files}, {"processes", ", ", t.Processes}, {"BFDs", ", ", t.BFDs}} {
		if len(k.list) == 0 {
			continue
		}
		o.linef("%sTracked %s :", indent, k.title)
		for _, r := range k.list {
			o.linef("%s  %s%sweight %d%s", indent, r.Name, k.separator, r.Weight, yes(r.Reverse, " reverse", ""))
		}
	}
}

func (o *sheet) hooks(n *conf.Notify) {
	for _, h := range []struct {
		name string
		c    *conf.Command
	}{{"Backup", n.Backup}, {"Master", n.Master}, {"Fault", n.Fault}, {"Stop", n.Stop}, {"Deleted", n.Deleted}, {"Generic", n.Any}, {"Master rx lower pri", n.RxLowerPri}} {
		if h.c != nil {
			o.linef("   %s state transition script = %s, uid:gid %d:%d", h.name, quoted(h.c), h.c.UID, h.c.GID)
		}
	}
}

// sockets lists who shares a receive socket: interface, family and kind.
func (o *sheet) sockets(cfg *conf.Config) {
	type key struct {
		iface  string
		family conf.Family
		source string // of unicast
		ah     bool
	}
	users := map[key][]string{}
	var order []key
	for i := range cfg.Instances {
		c := &cfg.Instances[i]
		k := key{iface: c.ListenInterface(), family: c.Family, ah: c.AuthType == conf.AuthAH}
		if c.Unicast {
			k.source = c.Source.String()
		}
		if users[k] == nil {
			order = append(order, k)
		}
		users[k] = append(users[k], fmt.Sprintf("%s vrid %d", c.Name, c.VRID))
	}
	o.title("VRRP Sockpool")
	for _, k := range order {
		o.linef(" fd_in -1 fd_out = -1")
		o.linef("   Interface = %s", k.iface)
		o.linef("   Family = %s", yes(k.family == conf.IPv6, "IPv6", "IPv4"))
		o.linef("   Protocol = %s", yes(k.ah, "AH", "VRRP"))
		o.linef("   Type = %s", yes(k.source != "", "Unicast", "Multicast"))
		if k.source != "" {
			o.linef("   Address = %s", k.source)
		}
		o.linef("   Rx buf size = 0")
		o.linef("   VRRP instances")
		o.lines("     ", users[k])
	}
}

func (o *sheet) groups(cfg *conf.Config, s *status.Status) {
	if len(cfg.SyncGroups) == 0 {
		return
	}
	o.title("VRRP Sync groups")
	for i := range cfg.SyncGroups {
		g := &cfg.SyncGroups[i]
		state := event.State("INIT")
		for _, st := range s.VRRP.Groups {
			if st.Name == g.Name {
				state = st.State
			}
		}
		fault, init := 0, 0
		for _, st := range s.VRRP.Instances {
			if st.Group == g.Name {
				fault += int(flagOf(st.State == event.Fault))
				init += int(flagOf(st.State == "INIT"))
			}
		}
		o.linef(" VRRP Sync Group = %s, %s", g.Name, state)
		o.linef("   Num member fault %d, num member init %d", fault, init)
		o.linef("   VRRP member instances :")
		o.lines("     ", g.Members)
		o.linef("   Using smtp notification = %s", yes(g.SMTPAlert, "yes", "no"))
		o.tracked("   ", &g.Track)
		o.hooks(&g.Notify)
	}
}
