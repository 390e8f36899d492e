package firewall

import (
	"encoding/binary"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// expr is one expression of a rule (linux/netfilter/nf_tables.h): a step of
// the kernel's small machine, which works on 16-byte registers.
type expr struct {
	name   string
	encode func(*mdl.AttributeEncoder)
}

const (
	reg1 = unix.NFT_REG_1
	reg2 = unix.NFT_REG_2
)

// metaOIFKind is NFT_META_OIFKIND: the kind of the interface that a packet leaves by.
const metaOIFKind = 27

// meta loads a fact about the packet.
func meta(key, reg uint32) expr {
	return expr{"meta", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_META_KEY, key)
		e.Uint32(unix.NFTA_META_DREG, reg)
	}}
}

// load loads bytes of the packet.
func load(base, offset, length, reg uint32) expr {
	return expr{"payload", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_PAYLOAD_DREG, reg)
		e.Uint32(unix.NFTA_PAYLOAD_BASE, base)
		e.Uint32(unix.NFTA_PAYLOAD_OFFSET, offset)
		e.Uint32(unix.NFTA_PAYLOAD_LEN, length)
	}}
}

func network(offset, length, reg uint32) expr {
	return load(unix.NFT_PAYLOAD_NETWORK_HEADER, offset, length, reg)
}

// equal goes on with the rule if register 1 begins with value.
func equal(value ...byte) expr {
	return expr{"cmp", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_CMP_SREG, reg1)
		e.Uint32(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ)
		data(e, unix.NFTA_CMP_DATA, value)
	}}
}

// masked clears the bits of register 1 that mask does not have.
func masked(mask []byte) expr {
	return expr{"bitwise", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_BITWISE_SREG, reg1)
		e.Uint32(unix.NFTA_BITWISE_DREG, reg1)
		e.Uint32(unix.NFTA_BITWISE_LEN, uint32(len(mask)))
		data(e, unix.NFTA_BITWISE_MASK, mask)
		data(e, unix.NFTA_BITWISE_XOR, make([]byte, len(mask)))
	}}
}

// within goes on if the key that starts in register 1 is an element of the set.
func within(set string) expr {
	return expr{"lookup", func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_LOOKUP_SET, set)
		e.Uint32(unix.NFTA_LOOKUP_SREG, reg1)
	}}
}

// mapped replaces register 2 by what the map has for it, or ends the rule.
func mapped(set string) expr {
	return expr{"lookup", func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_LOOKUP_SET, set)
		e.Uint32(unix.NFTA_LOOKUP_SREG, reg2)
		e.Uint32(unix.NFTA_LOOKUP_DREG, reg2)
	}}
}

// duplicate sends a copy to the address in register 1 by the interface in register 2.
func duplicate() expr {
	return expr{"dup", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_DUP_SREG_ADDR, reg1)
		e.Uint32(unix.NFTA_DUP_SREG_DEV, reg2)
	}}
}

func counter() expr {
	return expr{"counter", func(e *mdl.AttributeEncoder) {
		e.Uint64(unix.NFTA_COUNTER_BYTES, 0)
		e.Uint64(unix.NFTA_COUNTER_PACKETS, 0)
	}}
}

// Verdicts of netfilter (linux/netfilter.h), and NFT_GOTO.
var (
	drop   = verdict(0, "")
	accept = verdict(1, "")
)

// jump goes on in another chain, and does not come back.
func jump(chain string) expr { return verdict(unix.NFT_GOTO, chain) }

func verdict(code int32, chain string) expr {
	return expr{"immediate", func(e *mdl.AttributeEncoder) {
		e.Uint32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		e.Nested(unix.NFTA_IMMEDIATE_DATA, func(e *mdl.AttributeEncoder) error {
			e.Nested(unix.NFTA_DATA_VERDICT, func(e *mdl.AttributeEncoder) error {
				e.Uint32(unix.NFTA_VERDICT_CODE, uint32(code))
				if chain != "" {
					e.String(unix.NFTA_VERDICT_CHAIN, chain)
				}
				return nil
			})
			return nil
		})
	}}
}

func data(e *mdl.AttributeEncoder, kind uint16, value []byte) {
	e.Nested(kind, func(e *mdl.AttributeEncoder) error {
		e.Bytes(unix.NFTA_DATA_VALUE, value)
		return nil
	})
}

// attributes encodes in the byte order of nfnetlink.
func attributes(fill func(*mdl.AttributeEncoder)) []byte {
	e := mdl.NewAttributeEncoder()
	e.ByteOrder = binary.BigEndian
	fill(e)
	b, err := e.Encode()
	if err != nil {
		panic("firewall: " + err.Error()) // an attribute of 64 KiB: no caller makes one
	}
	return b
}
