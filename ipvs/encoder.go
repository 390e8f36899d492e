package ipvs

import (
	"encoding/binary"

	"github.com/mdlayher/netlink"
)

// encoder appends netlink attributes to a buffer. The general encoder of the
// netlink library makes several small objects of each attribute; a table of
// ten thousand servers is programmed several times as fast without them.
type encoder struct{ b []byte }

const attrHeaderLen = 4

// begin starts an attribute whose length end fills in.
func (e *encoder) begin(attr uint16) (at int) {
	at = len(e.b)
	e.b = append(e.b, 0, 0, 0, 0)
	binary.NativeEndian.PutUint16(e.b[at+2:], attr)
	return at
}

func (e *encoder) end(at int) {
	binary.NativeEndian.PutUint16(e.b[at:], uint16(len(e.b)-at))
	for len(e.b)%attrHeaderLen != 0 {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) nest(attr uint16) (at int) { return e.begin(attr | netlink.Nested) }

func (e *encoder) uint8(attr uint16, v uint8) {
	at := e.begin(attr)
	e.b = append(e.b, v)
	e.end(at)
}

func (e *encoder) uint16(attr uint16, v uint16) {
	at := e.begin(attr)
	e.b = binary.NativeEndian.AppendUint16(e.b, v)
	e.end(at)
}

func (e *encoder) uint32(attr uint16, v uint32) {
	at := e.begin(attr)
	e.b = binary.NativeEndian.AppendUint32(e.b, v)
	e.end(at)
}

// port is a number in network order.
func (e *encoder) port(attr uint16, v uint16) {
	at := e.begin(attr)
	e.b = binary.BigEndian.AppendUint16(e.b, v)
	e.end(at)
}

func (e *encoder) bytes(attr uint16, v []byte) {
	at := e.begin(attr)
	e.b = append(e.b, v...)
	e.end(at)
}

// string ends with a zero byte.
func (e *encoder) string(attr uint16, v string) {
	at := e.begin(attr)
	e.b = append(append(e.b, v...), 0)
	e.end(at)
}
