package ipvs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// typeMask takes the flags (nested, byte order) off an attribute's type.
const typeMask = 0x3fff

var errAttribute = errors.New("an attribute is cut short")

// decoder walks over the attributes of a message without copying them. The
// first attribute that is too short for what is asked of it ends the walk.
type decoder struct {
	rest  []byte
	typ   uint16
	value []byte
	err   error
}

func (d *decoder) next() bool {
	if d.err != nil || len(d.rest) < attrHeaderLen {
		return false
	}
	n := int(binary.NativeEndian.Uint16(d.rest))
	d.typ = binary.NativeEndian.Uint16(d.rest[2:]) & typeMask
	if n < attrHeaderLen || n > len(d.rest) {
		d.err = errAttribute
		return false
	}
	d.value = d.rest[attrHeaderLen:n]
	d.rest = d.rest[min(len(d.rest), (n+3)&^3):]
	return true
}

// first returns the first n bytes of the value.
func (d *decoder) first(n int) []byte {
	if len(d.value) < n {
		if d.err == nil {
			d.err = fmt.Errorf("attribute %d of %d bytes: %w", d.typ, len(d.value), errAttribute)
		}
		return make([]byte, n)
	}
	return d.value[:n]
}

func (d *decoder) uint8() uint8   { return d.first(1)[0] }
func (d *decoder) uint16() uint16 { return binary.NativeEndian.Uint16(d.first(2)) }
func (d *decoder) uint32() uint32 { return binary.NativeEndian.Uint32(d.first(4)) }
func (d *decoder) port() uint16   { return binary.BigEndian.Uint16(d.first(2)) }

// string reads up to the first zero byte.
func (d *decoder) string() string {
	b, _, _ := bytes.Cut(d.value, []byte{0})
	return string(b)
}

// decodeAddr reads an address of the kernel's union nf_inet_addr.
func decodeAddr(b []byte, v6 bool) (netip.Addr, error) {
	n := 4
	if v6 {
		n = addressLength
	}
	if len(b) < n {
		return netip.Addr{}, fmt.Errorf("IPVS address of %d bytes", len(b))
	}
	a, _ := netip.AddrFromSlice(b[:n])
	return a, nil
}

// within finds the one nested attribute of a dump's message.
func within(b []byte, attr uint16) (decoder, error) {
	d := decoder{rest: b}
	for d.next() {
		if d.typ == attr {
			return decoder{rest: d.value}, nil
		}
	}
	if d.err != nil {
		return d, fmt.Errorf("IPVS message: %w", d.err)
	}
	return d, fmt.Errorf("IPVS message without attribute %d", attr)
}

// finish words the error of a walk.
func (d *decoder) finish() error {
	if d.err != nil {
		return fmt.Errorf("IPVS message: %w", d.err)
	}
	return nil
}
