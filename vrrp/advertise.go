package vrrp

import (
	"encoding/binary"
	"net/netip"

	"halbd/conf"
)

// settleAuth makes the state of authentication fit the configuration.
func (in *instance) settleAuth() {
	if in.cfg.AuthType != conf.AuthAH {
		in.ah = nil
	} else {
		if in.ah == nil {
			in.ah = &authHeader{}
		}
		in.ah.rekey(in.cfg.AuthPass)
	}
	if in.cfg.HMAC == nil {
		in.hmac = nil
	} else {
		if in.hmac == nil {
			in.hmac = &signer{}
		}
		in.hmac.rekey(in.cfg.HMAC)
	}
}

// advertise sends one advert to the group or to every peer. To all of them it
// is the same one: it has one IPv4 identification, one place in the sequences.
// A MASTER that listens says nothing.
func (c *Core) advertise(in *instance, priority uint8) {
	if !in.source.IsValid() || in.lacksPeers() || in.listening {
		return
	}
	if priority == in.priority {
		priority = in.advertised()
	}
	c.acts.Confirm = c.acts.Confirm || in.lost > 0
	in.sentAt = c.now
	in.countSent(priority)
	if in.ipID++; in.ipID == 0 {
		in.ipID = 1 // for 0 the kernel would choose one of its own
	}
	if in.ah != nil {
		in.ah.sequence++
	}
	var trailer []byte
	if in.hmac != nil && in.cfg.HMAC.Mode != conf.HMACReceiveOnly {
		trailer = c.sign(in, priority)
	}
	if !in.cfg.Unicast {
		c.sendTo(in, priority, in.cfg.Destination, 255, trailer)
		return
	}
	ttl := in.cfg.UnicastTTL
	if ttl == 0 {
		ttl = 255
		if in.cfg.Family == conf.IPv6 {
			ttl = 64
		}
	}
	for i := range in.cfg.UnicastPeers {
		c.sendTo(in, priority, in.cfg.UnicastPeers[i].Addr, ttl, trailer)
	}
}

// countSent counts an advert, once for all peers; a probe is none.
func (in *instance) countSent(priority uint8) {
	if in.cfg.VRID == probeVRID {
		return
	}
	in.counters.AdvertsSent++
	if priority == 0 {
		in.counters.PriorityZeroSent++
	}
}

// lacksPeers: unicast_fault_no_peer, and there is none.
func (in *instance) lacksPeers() bool { return in.cfg.FaultNoPeer && len(in.cfg.UnicastPeers) == 0 }

// sign makes the trailer of the next advert.
func (c *Core) sign(in *instance, priority uint8) []byte {
	start := len(c.buf)
	c.buf = buildAdvert(c.buf, in.cfg, priority, in.wireInterval(), in.source, netip.Addr{}, false)
	pdu := c.buf[start:]
	c.buf = in.hmac.sign(c.buf, pdu, in.source, c.now+c.wall)
	return c.buf[start+len(pdu):]
}

// sendTo builds one packet.
func (c *Core) sendTo(in *instance, priority uint8, dst netip.Addr, ttl int, trailer []byte) {
	start := len(c.buf)
	if in.ah != nil {
		c.buf = in.ah.append(c.buf, in.source.As4())
	}
	pdu := len(c.buf)
	c.buf = buildAdvert(c.buf, in.cfg, priority, in.wireInterval(), in.source, dst, in.oldChecksum)
	c.buf = append(c.buf, trailer...)
	if trailer != nil && in.cfg.Family == conf.IPv6 { // its sum covers the trailer, too
		whole := c.buf[pdu:]
		whole[6], whole[7] = 0, 0
		binary.BigEndian.PutUint16(whole[6:], checksum(whole, checksumRule(in.cfg, in.source, dst, in.oldChecksum)))
	}
	a := SendAdvert{Instance: in.cfg.Name, Interface: in.cfg.SendInterface(), Src: in.source, Dst: dst, TTL: ttl, ID: in.ipID,
		Priority: priority, AH: in.ah != nil, Payload: c.buf[start:len(c.buf):len(c.buf)]}
	if in.ah != nil {
		in.ah.seal(&a)
	}
	c.acts.Adverts = append(c.acts.Adverts, a)
}
