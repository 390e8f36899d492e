package show

import (
	"encoding/hex"
	"net/netip"

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
	p.routes("virtual_routes", i.Routes)
	p.rules("virtual_rules", i.Rules)
	p.hooks(&i.Notify)
	p.flag("notify_deleted", i.Notify.ReportDeleted && i.Notify.Deleted == nil)
	p.line("notify_priority_changes", onOff(i.Notify.PriorityChange))
	p.line("smtp_alert", onOff(i.SMTPAlert))
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
	p.flag("strict_mode on", i.Strict)
	p.flag("strict_mode off", !i.Strict)
	p.flag("no_accept", i.NoAccept)
	p.flag("accept", !i.NoAccept && i.Strict)
	p.flag("nopreempt", i.NoPreempt)
	p.flag("no_virtual_ipaddress", len(i.Addresses) == 0)
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
	p.flag("use_vmac_addr", i.VMACAddresses)
	p.flag("vmac_xmit_base", i.XmitBase)
	if v := i.IPVLAN; v != nil {
		words := []string{"use_ipvlan", quote(v.Name)}
		if v.Address.IsValid() {
			words = append(words, v.Address.String())
		}
		p.line(withGroup(append(words, string(v.Mode)), v.Group)...)
	}
	p.flag("dont_track_primary", i.DontTrackPrimary)
	p.flag("promote_secondaries", i.PromoteSecondary)
	p.flag("linkbeat_use_polling", i.LinkbeatPolling)
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
	p.flag("native_ipv6", i.Family == conf.IPv6 && len(i.Addresses) == 0 && i.Version == 3)
	if i.Source.IsValid() {
		p.line(map[bool]string{true: "unicast_src_ip", false: "mcast_src_ip"}[i.Unicast], i.Source.String())
	}
	p.flag("track_src_ip", i.TrackSource)
	p.flag("unicast_fault_no_peer", i.FaultNoPeer)
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
	p.flag("check_unicast_src", i.CheckUnicastSrc)
	p.flag("old_unicast_checksum", i.OldChecksum == conf.OldChecksumAlways)
	p.flag("old_unicast_checksum never", i.OldChecksum == conf.OldChecksumNever)
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
	p.line("advert_int", seconds(i.AdvertInterval))
	p.line("down_timer_adverts", number(i.DownTimerAdverts))
	if i.PreemptDelay > 0 {
		p.line("preempt_delay", seconds(i.PreemptDelay))
	}
	if i.ExpiredBackup > 0 {
		p.line("timer_expired_backup", number(i.ExpiredBackup))
	}
}

func (p *printer) garp(g *conf.GARP) {
	p.line("garp_master_delay", seconds(g.MasterDelay))
	p.line("garp_master_repeat", number(g.MasterRepeat))
	p.line("garp_master_refresh", seconds(g.Refresh))
	p.line("garp_master_refresh_repeat", number(g.RefreshRepeat))
	p.line("garp_lower_prio_delay", seconds(g.LowerPrioDelay))
	p.line("garp_lower_prio_repeat", number(g.LowerPrioRepeat))
	if g.ExtraAll {
		p.line("garp_extra_if", "all", seconds(g.ExtraInterval))
	} else {
		p.line("garp_extra_if", seconds(g.ExtraInterval))
	}
}

// answers writes what the instance does with the adverts of others.
func (p *printer) answers(i *conf.Instance) {
	p.line("lower_prio_no_advert", onOff(i.LowerPrioNoAdv))
	p.line("higher_prio_send_advert", onOff(i.HigherPrioAdv))
	p.line("owner_ignore_adverts", onOff(i.OwnerIgnore))
	p.line("v3_checksum_as_v2", onOff(i.ChecksumAsV2))
	p.flag("skip_check_adv_addr", i.SkipCheckAddr) // "off" would switch it on
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
		p.line("time_window", seconds(h.TimeWindow))
		p.line("anti_replay", map[bool]string{true: "monotonic", false: "time"}[h.Monotonic])
		p.line("mode", string(h.Mode))
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
		p.command(h.keyword, h.cmd)
	}
}
