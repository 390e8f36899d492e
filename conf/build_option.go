package conf

import (
	"net/netip"
	"time"
)

// noted makes a setter of a simple statement of an instance that also
// remembers where the statement stands: what is judged at the end of the
// file is reported there.
func noted(set setter) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if kw.Shape == Simple {
			b.inst.at[kw.Name] = s.Pos
		}
		set(b, kw, s)
	}
}

// addLinkSetters adds the rows about the interface that an instance runs on
// and about what it does there.
func addLinkSetters(m blockSetters) {
	m["use_vmac"], m["use_ipvlan"], m["vrf"] = setVMAC, setIPVLAN, setVRF
	m["auth_hmac"] = openHMAC
	m["native_ipv6"] = setNativeIPv6
	m["use_vmac_addr"] = setTrue(func(b *builder) *bool { return &b.inst.VMACAddresses })
	m["vmac_xmit_base"] = setTrue(func(b *builder) *bool { return &b.inst.XmitBase })
	m["unicast_fault_no_peer"] = func(b *builder, _ *Keyword, _ Statement) { b.inst.FaultNoPeer, b.inst.unicastUsed = true, true }
	m["promote_secondaries"] = setTrue(func(b *builder) *bool { return &b.inst.PromoteSecondary })
	m["linkbeat_use_polling"] = setTrue(func(b *builder) *bool { return &b.inst.LinkbeatPolling })
	m["accept"] = func(b *builder, _ *Keyword, _ Statement) { b.inst.accept = some(true) }
	m["no_accept"] = func(b *builder, _ *Keyword, _ Statement) { b.inst.accept = some(false) }
	m["smtp_alert"] = setMaybeBool(func(b *builder) *maybe[bool] { return &b.inst.smtpAlert })
	m["debug"] = setUint8(func(b *builder) *uint8 { return &b.inst.Debug })
	m["timer_expired_backup"], m["thread_timer_expired"] = setExpiredBackup, setExpiredBackup
	m["garp_extra_if"], m["vmac_garp_intvl"] = setExtra, setExtra
	m["kernel_rx_buf_size"] = setReceiveBuffer
	m["lvs_sync_daemon_interface"] = setSyncInterface
}

// setInstanceVersion keeps the first version, and that of the addresses before it.
func setInstanceVersion(b *builder, kw *Keyword, s Statement) {
	n, ok := b.uintArg(kw, s, 1)
	if !ok {
		return
	}
	i, version := b.inst, uint8(n)
	if i.version.or(version) != version || !i.version.set && i.Family == IPv6 && version == 2 {
		b.report(alreadySet, s.PosOf(1), "(%s) version %d conflicts with configured or deduced version %d - ignoring", i.Name, version, i.version.or(3)).
			fix("write version once, above all addresses")
		return
	}
	i.version = some(version)
}

// setUnicastTTL notes that the keyword is there: it needs peers, which may follow.
func setUnicastTTL(b *builder, kw *Keyword, s Statement) {
	b.inst.ttlSet = true
	n, ok := b.uintArg(kw, s, 1)
	if !ok {
		return
	}
	b.inst.UnicastTTL = int(n)
	if n == 0 {
		b.report(badValue, s.PosOf(1), "(%s) unicast_ttl 0 reaches no peer - using the default", b.inst.Name).unnoticed()
	}
}

func setNativeIPv6(b *builder, _ *Keyword, s Statement) {
	if b.inst.Family == IPv4 {
		b.report(wrongFamily, s.Pos, "(%s) native_ipv6 in an instance with IPv4 addresses - ignoring", b.inst.Name).
			fix("remove it: the addresses tell the family")
		return
	}
	b.inst.Family, b.inst.version = IPv6, some[uint8](3)
}

func setOldChecksum(b *builder, _ *Keyword, s Statement) {
	b.inst.unicastUsed = true
	switch {
	case len(s.Words) < 2:
		b.inst.OldChecksum = OldChecksumAlways
	case s.Words[1].Text == "never":
		b.inst.OldChecksum = OldChecksumNever
	default:
		b.report(badWord, s.PosOf(1), "(%s) unknown old_unicast_checksum mode '%s' - ignoring", b.inst.Name, s.Words[1].Text)
	}
}

// setSkipCheck follows keepalived, which reads "off" and switches the check
// off all the same; it just does not say so.
func setSkipCheck(b *builder, kw *Keyword, s Statement) {
	on, ok := b.boolArg(kw, s)
	if !ok {
		return
	}
	b.inst.SkipCheckAddr = true
	if !on {
		b.report(skipCheckOff, s.Pos, "(%s) skip_check_adv_addr %s still skips the check", b.inst.Name, s.Words[1].Text)
	}
}

// addUnicastPeer reads one line of unicast_peer.
func addUnicastPeer(b *builder, _ *Keyword, s Statement) {
	text := s.Words[0].Text
	a, err := parseHostAddr(text)
	b.inst.unicastUsed = true
	switch {
	case err != nil:
		b.report(badAddress, s.Pos, "(%s) unicast peer address %s is malformed - ignoring", b.inst.Name, text)
		return
	case !b.inst.sameFamily(a):
		b.report(wrongFamily, s.Pos, "(%s) unicast peer %s has another family than the instance - ignoring", b.inst.Name, a)
		return
	case b.inst.peers[a]:
		b.report(duplicateItem, s.Pos, "(%s) unicast peer %s is there already - ignoring", b.inst.Name, a).unnoticed()
		return
	}
	if b.inst.peers == nil {
		b.inst.peers = map[netip.Addr]bool{}
	}
	b.inst.peers[a] = true
	b.inst.UnicastPeers = append(b.inst.UnicastPeers, b.peerOptions(UnicastPeer{Addr: a}, s))
}

// peerOptions reads the TTL limits of a peer. They are pairs of words, and
// who sets one wants packets of others to be dropped.
func (b *builder) peerOptions(p UnicastPeer, s Statement) UnicastPeer {
	limits := [2]int{0, 255}
	for i := 1; i < len(s.Words); i += 2 {
		n := 0
		switch s.Words[i].Text {
		case "min_ttl":
		case "max_ttl":
			n = 1
		default:
			b.report(badWord, s.PosOf(i), "(%s) unknown unicast_peer option '%s' - ignoring", b.inst.Name, s.Words[i].Text)
			continue
		}
		if v, ok := b.optionNumber("vrrp_instance/unicast_peer/item", s, i); ok {
			limits[n] = int(v)
			b.inst.CheckUnicastSrc = true
			if n == 0 {
				p.MinTTL = int(v)
			} else {
				p.MaxTTL = int(v)
				if v == 0 {
					b.report(badValue, s.PosOf(i+1), "(%s) max_ttl 0 of %s is taken as no limit; in keepalived it discards every packet", b.inst.Name, p.Addr).unnoticed()
				}
			}
		}
	}
	if limits[0] > limits[1] {
		b.report(peerTTLOrder, s.Pos, "(%s) min_ttl %d > max_ttl %d - all packets of %s will be discarded", b.inst.Name, limits[0], limits[1], p.Addr)
	}
	return p
}

// closeInstance judges what keepalived judges at the end of the block; pos is that of the }.
func (b *builder) closeInstance() {
	i, pos := b.inst, b.ends
	b.inst = nil
	if i == nil {
		return
	}
	if i.ttlSet && len(i.UnicastPeers) == 0 {
		b.report(ttlNoPeers, pos, "(%s): unicast_ttl without unicast peers has no effect - ignoring", i.Name)
		i.UnicastTTL = 0
	}
	switch made := i.VMAC != nil || i.IPVLAN != nil; {
	case !made || !i.unicastUsed:
	case !i.hasInterface || !b.interfaceExists(i.Interface):
		b.report(linkNoInterface, pos, "(%s) use_vmac and use_ipvlan need an interface that exists - ignoring them", i.Name)
		i.VMAC, i.IPVLAN = nil, nil
	case i.XmitBase:
	case i.VMAC == nil:
		b.report(xmitBaseForced, pos, "(%s) unicast with use_ipvlan - adverts leave by the ipvlan", i.Name).
			fix("nothing has to be changed for halbd; keepalived complains of a missing vmac_xmit_base, and then that it has no use here")
	default:
		b.report(xmitBaseForced, pos, "(%s) unicast with use_vmac needs vmac_xmit_base - setting it", i.Name)
		i.XmitBase = true
	}
}

// extraGARP is garp_extra_if.
type extraGARP struct {
	interval time.Duration
	all      bool
}

func setExtra(b *builder, kw *Keyword, s Statement) {
	if e, ok := b.extraArg(kw, s); ok {
		b.inst.extra = some(e)
	}
}

func setGlobalExtra(b *builder, kw *Keyword, s Statement) {
	if e, ok := b.extraArg(kw, s); ok {
		b.global.extra = e
	}
}

// extraArg reads "[all] <seconds>", in any order; of two times the last one counts.
func (b *builder) extraArg(kw *Keyword, s Statement) (e extraGARP, ok bool) {
	for i := 1; i < len(s.Words); i++ {
		if s.Words[i].Text == "all" {
			e.all = true
			continue
		}
		if ok {
			b.report(surplusWord, s.PosOf(i), "%s: a second time: the one before it has no effect", kw.Name)
		}
		_, n, valid := b.numberArg(kw.Name, kw.value, s, i)
		if !valid {
			return e, false
		}
		e.interval, ok = seconds(n, 0), true
	}
	if !ok {
		b.report(missingValue, s.Pos, "%s specified without time - ignoring", kw.Name)
	}
	return e, ok
}

// setExpiredBackup reads the priority of the peer that may have taken over; 254 unless written.
func setExpiredBackup(b *builder, kw *Keyword, s Statement) {
	b.inst.at["timer_expired_backup"] = s.Pos
	if len(s.Words) < 2 {
		b.inst.ExpiredBackup = uint8(kw.value.high)
	} else if n, ok := b.uintArg(kw, s, 1); ok {
		b.inst.ExpiredBackup = uint8(n)
	}
}

// setReceiveBuffer takes exactly one word, as keepalived does.
func setReceiveBuffer(b *builder, kw *Keyword, s Statement) {
	if len(s.Words) != 2 {
		b.report(badValue, s.PosOf(2), "(%s) kernel_rx_buf_size takes one number - ignoring", b.inst.Name)
		return
	}
	if n, ok := b.uintArg(kw, s, 1); ok {
		b.inst.ReceiveBuffer = uint32(n)
	}
}

func setSyncInterface(b *builder, kw *Keyword, s Statement) {
	name := s.Words[1].Text
	switch {
	case b.inst.syncInterface != "":
		b.report(alreadySet, s.PosOf(1), "(%s) %s has already been specified as %s - ignoring", b.inst.Name, kw.Name, b.inst.syncInterface)
	case len(name) > longestName:
		b.report(longName, s.PosOf(1), "(%s) %s: interface name '%s' too long - ignoring", b.inst.Name, kw.Name, name)
	default:
		b.inst.syncInterface = name
	}
}
