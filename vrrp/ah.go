package vrrp

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"hash"

	"halbd/conf"
)

// Sizes of the authentication header (bytes): RFC 4302 with HMAC-MD5-96 (RFC 2403).
const (
	ahLen   = 24
	icvLen  = 12
	ahWords = ahLen/4 - 2 // its own length field
)

// authHeader is auth_type AH of one instance. One sequence number serves both
// directions: it is the highest that was sent or seen, whoever sent it, so
// that a take-over continues where the master has been.
type authHeader struct {
	mac      hash.Hash // keyed with the password
	password []byte
	sequence uint32
	scratch  []byte
}

// rekey makes the keyed hash of a password; the sequence goes on.
func (h *authHeader) rekey(password []byte) {
	if h.mac != nil && bytes.Equal(h.password, password) {
		return
	}
	var key [authLen]byte
	copy(key[:], password)
	h.mac, h.password = hmac.New(md5.New, key[:]), password
}

// append starts an advert with an authentication header whose ICV is
// still missing. The SPI is the sender's address.
func (h *authHeader) append(b []byte, spi [4]byte) []byte {
	b = append(b, Protocol, ahWords, 0, 0)
	b = append(b, spi[:]...)
	b = binary.BigEndian.AppendUint32(b, h.sequence)
	return append(b, make([]byte, icvLen)...)
}

// seal fills in the ICV of a complete advert.
func (h *authHeader) seal(a *SendAdvert) {
	h.scratch = append(AppendIPv4Header(h.scratch[:0], a), a.Payload...)
	copy(a.Payload[ahLen-icvLen:], h.icv(h.scratch, IPv4HeaderLen, !a.Dst.IsMulticast()))
}

// icv is the integrity check value of a packet, which it spoils: HMAC-MD5-96
// over the whole of it without what may change on the way. The TTL of
// multicast adverts does not, as they are not forwarded.
func (h *authHeader) icv(packet []byte, header int, unicast bool) []byte {
	packet[1] = 0
	packet[6], packet[7] = 0, 0
	if unicast {
		packet[8] = 0
	}
	packet[10], packet[11] = 0, 0
	clear(packet[header+ahLen-icvLen : header+ahLen])
	h.mac.Reset()
	h.mac.Write(packet)
	return h.mac.Sum(packet[:0])[:icvLen]
}

// check verifies a received header and takes over its sequence number.
func (h *authHeader) check(in *conf.Instance, p *arrival) drop {
	ah := p.ah
	if src := p.Src.As4(); !bytes.Equal(ah[4:8], src[:]) {
		return drop{kind: flawSPI}
	}
	h.scratch = append(append(h.scratch[:0], p.Header...), p.Payload...)
	if !hmac.Equal(h.icv(h.scratch, len(p.Header), in.Unicast), ah[ahLen-icvLen:]) {
		return drop{kind: flawICV}
	}
	sequence := binary.BigEndian.Uint32(ah[8:])
	if sequence <= h.sequence {
		return drop{kind: flawSequence, got: int(sequence), want: int(h.sequence)}
	}
	h.sequence = sequence
	return drop{}
}
