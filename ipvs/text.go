package ipvs

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// word takes the next word off a line.
func word(b []byte) (w, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

func decimal(b []byte) (n uint32) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + uint32(c-'0')
	}
	return n
}

// hexNumber reads at most 16 digits.
func hexNumber(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}

// hexEndpoint reads "0A000001:0050" or "[2001:0db8:0000:0000:0000:0000:0000:0001]:0050".
func hexEndpoint(b []byte) (a netip.Addr, port uint16, rest []byte, ok bool) {
	const v4, v6, portLen = 8, 39, 4
	if len(b) > 0 && b[0] == '[' {
		if len(b) < v6+3+portLen || b[1+v6] != ']' || b[2+v6] != ':' {
			return a, 0, nil, false
		}
		var full [addressLength]byte
		for i := range addressLength / 2 {
			n, ok := hexNumber(b[1+5*i : 5+5*i])
			if !ok {
				return a, 0, nil, false
			}
			binary.BigEndian.PutUint16(full[2*i:], uint16(n))
		}
		a, b = netip.AddrFrom16(full), b[v6+3:]
	} else {
		if len(b) < v4+1+portLen || b[v4] != ':' {
			return a, 0, nil, false
		}
		n, ok := hexNumber(b[:v4])
		if !ok {
			return a, 0, nil, false
		}
		var short [4]byte
		binary.BigEndian.PutUint32(short[:], uint32(n))
		a, b = netip.AddrFrom4(short), b[v4+1:]
	}
	n, ok := hexNumber(b[:portLen])
	return a, uint16(n), b[portLen:], ok
}

// brief is a number for what /proc/net/ip_vs shows of a destination. The sum
// over a service does not depend on the order.
func (d *Destination) brief() uint64 {
	b := d.Addr.As16()
	h := mix(binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:]))
	return mix(h, uint64(d.Port)<<48|uint64(d.Method)<<32|uint64(uint32(d.Weight)))
}

// complete is a number for all that is compared of a destination.
func (d *Destination) complete() uint64 {
	h := mix(d.brief(), uint64(d.UpperThreshold)<<32|uint64(d.LowerThreshold))
	return mix(h, uint64(d.TunnelType)<<32|uint64(d.TunnelPort)<<16|uint64(d.TunnelFlags))
}

// mix is a step of splitmix64.
func mix(h, v uint64) uint64 {
	h = h*0x9e3779b97f4a7c15 ^ v
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
