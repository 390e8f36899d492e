package show

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"halbd/conf"
)

// instances writes every vrrp_instance. What has a default in global_defs is
// written out, so that it means the same without them.
func (p *printer) instances(c *conf.Config) {
	for n := range c.Instances {
		i := &c.Instances[n]
		p.block("vrrp_instance "+quote(i.Name), func() { p.instance(i, &c.Global) })
	}
}

// instance writes the body of one. The version comes before all addresses,
// which would decide it, and the addresses decide the family.
func (p *printer) instance(i *conf.Instance, g *conf.Global) {
	p.line("version", number(i.Version))
	p.role(i)
	p.link(i)
	p.peers(i, g)
	p.timing(i)
	p.garp(&i.GARP)
	p.answers(i)
	p.authentication(i)
	p.trackLists(&i.Track)
	p.addresses("virtual_ipaddress", i.Addresses)
	p.addresses("virtual_ipaddress_excluded", i.Excluded)
	p.hooks(&i.Notify)
	p.flag(i.Notify.ReportDeleted && i.Notify.Deleted == nil, "notify_deleted")
	p.onOff("notify_priority_changes", i.Notify.PriorityChange)
	p.onOff("smtp_alert", i.SMTPAlert)
}

func (p *printer) role(i *conf.Instance) {
	switch {
	case i.StateMaster:
		p.line("state MASTER")
	case i.StateBackup:
		p.line("state BACKUP")
	}
	p.line("priority", number(i.Priority))
	p.line("virtual_router_id", number(i.VRID))
	p.flag(i.Strict, "strict_mode on")
	p.flag(!i.Strict, "strict_mode off")
	p.flag(i.NoAccept, "no_accept")
	p.flag(!i.NoAccept && i.Strict, "accept")
	p.flag(i.NoPreempt, "nopreempt")
	p.flag(len(i.Addresses) == 0, "no_virtual_ipaddress")
	if i.Debug > 0 {
		p.line("debug", number(i.Debug))
	}
}

// link writes what the instance runs on.
func (p *printer) link(i *conf.Instance) {
	if i.Interface != "" {
		p.line("interface", quote(i.Interface))
	}
	if i.VRF != "" {
		p.line("vrf", quote(i.VRF))
	}
	if v := i.VMAC; v != nil {
		words := []string{"use_vmac", quote(v.Name)}
		if v.MAC != "" {
			words = append(words, v.MAC)
		}
		if v.Notify {
			words = append(words, "netlink_notify_msg")
		}
		p.line(withGroup(words, v.Group)...)
	}
	p.flag(i.VMACAddresses, "use_vmac_addr")
	p.flag(i.XmitBase, "vmac_xmit_base")
	if v := i.IPVLAN; v != nil {
		words := []string{"use_ipvlan", quote(v.Name)}
		if v.Address.IsValid() {
			words = append(words, v.Address.String())
		}
		p.line(withGroup(append(words, string(v.Mode)), v.Group)...)
	}
	p.flag(i.DontTrackPrimary, "dont_track_primary")
	p.flag(i.PromoteSecondary, "promote_secondaries")
	p.flag(i.LinkbeatPolling, "linkbeat_use_polling")
	if i.ReceiveBuffer > 0 {
		p.line("kernel_rx_buf_size", number(i.ReceiveBuffer))
	}
}

func withGroup(words []string, group uint32) []string {
	if group == 0 {
		return words
	}
	return append(words, "group", number(group))
}

// peers writes where adverts come from and go to.
func (p *printer) peers(i *conf.Instance, g *conf.Global) {
	p.flag(i.Family == conf.IPv6 && len(i.Addresses) == 0 && i.Version == 3, "native_ipv6")
	if i.Source.IsValid() {
		p.line(map[bool]string{true: "unicast_src_ip", false: "mcast_src_ip"}[i.Unicast], i.Source.String())
	}
	p.flag(i.TrackSource, "track_src_ip")
	p.flag(i.FaultNoPeer, "unicast_fault_no_peer")
	if !i.Unicast {
		p.multicast(i, g)
		return
	}
	p.block("unicast_peer", func() {
		for _, peer := range i.UnicastPeers {
			words := []string{peer.Addr.String()}
			if peer.MinTTL > 0 {
				words = append(words, "min_ttl", number(peer.MinTTL))
			}
			if peer.MaxTTL > 0 {
				words = append(words, "max_ttl", number(peer.MaxTTL))
			}
			p.line(words...)
		}
	})
	if i.UnicastTTL > 0 {
		p.line("unicast_ttl", number(i.UnicastTTL))
	}
	p.flag(i.CheckUnicastSrc, "check_unicast_src")
	p.flag(i.OldChecksum == conf.OldChecksumAlways, "old_unicast_checksum")
	p.flag(i.OldChecksum == conf.OldChecksumNever, "old_unicast_checksum never")
}

// multicast writes the group where it is not the default one, or where
// nothing else tells the family.
func (p *printer) multicast(i *conf.Instance, g *conf.Global) {
	group := map[conf.Family]netip.Addr{conf.IPv4: g.MulticastGroup4, conf.IPv6: g.MulticastGroup6}[i.Family]
	bare := i.Family == conf.IPv6 && i.Version == 2 && len(i.Addresses) == 0
	if i.Destination.IsValid() && (i.Destination != group || bare) {
		p.line("mcast_dst_ip", i.Destination.String())
	}
}

func (p *printer) timing(i *conf.Instance) {
	p.line("advert_int", inSeconds(i.AdvertInterval))
	p.line("down_timer_adverts", number(i.DownTimerAdverts))
	if i.PreemptDelay > 0 {
		p.line("preempt_delay", inSeconds(i.PreemptDelay))
	}
	if i.ExpiredBackup > 0 {
		p.line("timer_expired_backup", number(i.ExpiredBackup))
	}
}

func (p *printer) garp(g *conf.GARP) {
	p.line("garp_master_delay", inSeconds(g.MasterDelay))
	p.line("garp_master_repeat", number(g.MasterRepeat))
	p.line("garp_master_refresh", inSeconds(g.Refresh))
	p.line("garp_master_refresh_repeat", number(g.RefreshRepeat))
	p.line("garp_lower_prio_delay", inSeconds(g.LowerPrioDelay))
	p.line("garp_lower_prio_repeat", number(g.LowerPrioRepeat))
	if g.ExtraAll {
		p.line("garp_extra_if", "all", inSeconds(g.ExtraInterval))
	} else {
		p.line("garp_extra_if", inSeconds(g.ExtraInterval))
	}
}

// answers writes what the instance does with the adverts of others.
func (p *printer) answers(i *conf.Instance) {
	p.onOff("lower_prio_no_advert", i.LowerPrioNoAdv)
	p.onOff("higher_prio_send_advert", i.HigherPrioAdv)
	p.onOff("owner_ignore_adverts", i.OwnerIgnore)
	p.onOff("v3_checksum_as_v2", i.ChecksumAsV2)
	p.flag(i.SkipCheckAddr, "skip_check_adv_addr") // "off" would switch it on
}

func (p *printer) authentication(i *conf.Instance) {
	if i.AuthType != conf.AuthNone {
		p.block("authentication", func() {
			p.line("auth_type", map[conf.AuthType]string{conf.AuthPass: "PASS", conf.AuthAH: "AH"}[i.AuthType])
			p.line("auth_pass", quote(string(i.AuthPass)))
		})
	}
	h := i.HMAC
	if h == nil {
		return
	}
	p.block("auth_hmac", func() {
		for _, k := range h.Keys {
			secret := "hex:" + hex.EncodeToString(k.Key)
			if k.File != "" {
				secret = "file:" + k.File
			}
			p.line("key", number(k.ID), quote(secret))
		}
		p.line("active_key", number(h.ActiveKey))
		p.line("time_window", inSeconds(h.TimeWindow))
		p.line("anti_replay", map[bool]string{true: "monotonic", false: "time"}[h.Monotonic])
		p.line("mode", string(h.Mode))
	})
}

// trackLists writes references to trackers with their weights, which may
// have been changed by the sync group or by being the address owner.
func (p *printer) trackLists(t *conf.Tracking) {
	p.trackList("track_interface", t.Interfaces, "")
	p.trackList("track_script", t.Scripts, "noreverse")
	p.trackList("track_file", t.Files, "noreverse")
}

// trackList writes one list; straight is what the opposite of reverse is
// called there.
func (p *printer) trackList(keyword string, list []conf.Track, straight string) {
	if len(list) == 0 {
		return
	}
	p.block(keyword, func() {
		for _, t := range list {
			words := []string{quote(t.Name), "weight", number(t.Weight)}
			if t.Reverse {
				words = append(words, "reverse")
			} else if straight != "" {
				words = append(words, straight)
			}
			p.line(words...)
		}
	})
}

// hooks writes the scripts of an instance or a sync group.
func (p *printer) hooks(n *conf.Notify) {
	for _, h := range []struct {
		keyword string
		cmd     *conf.Command
	}{
		{"notify_master", n.Master}, {"notify_backup", n.Backup}, {"notify_fault", n.Fault}, {"notify_stop", n.Stop},
		{"notify_deleted", n.Deleted}, {"notify_master_rx_lower_pri", n.RxLowerPri}, {"notify", n.Any},
	} {
		if h.cmd != nil {
			p.line(h.keyword, scriptWord(h.cmd.Args), number(h.cmd.UID), number(h.cmd.GID))
		}
	}
}

// scriptWord makes one word of a command line, which is split again by the
// rules for scripts.
func scriptWord(args []string) string {
	var b strings.Builder
	b.WriteByte('"')
	for n, arg := range args {
		if n > 0 {
			b.WriteByte(' ')
		}
		if arg == "" {
			b.WriteString("''")
		}
		for _, c := range []byte(arg) {
			switch {
			case c < ' ' || c == 0x7f || c == '"' || c == '$' || c == '\\':
				fmt.Fprintf(&b, `\x%02x`, c)
			case c == ' ' || c == '\'':
				b.WriteByte('\\')
				b.WriteByte(c)
			default:
				b.WriteByte(c)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// flag writes a statement that is there or not.
func (p *printer) flag(set bool, statement string) {
	if set {
		p.line(statement)
	}
}

// onOff writes a boolean with its value.
func (p *printer) onOff(keyword string, value bool) {
	p.line(keyword, map[bool]string{true: "on", false: "off"}[value])
}

func number[T ~int | ~uint8 | ~uint32](n T) string { return strconv.FormatInt(int64(n), 10) }

// inSeconds writes a time as a decimal number of seconds.
func inSeconds(d time.Duration) string {
	whole, frac := d/time.Second, d%time.Second
	if frac == 0 {
		return strconv.FormatInt(int64(whole), 10)
	}
	return fmt.Sprintf("%d.%s", whole, strings.TrimRight(fmt.Sprintf("%09d", frac), "0"))
}
