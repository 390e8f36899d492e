package firewall

import (
	"encoding/binary"
	"fmt"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// request is one message of a transaction, and what to call it when it fails.
type request struct {
	mdl.Message
	what func() string
}

func newRequest(kind uint16, family uint8, flags mdl.HeaderFlags, body []byte, what func() string) request {
	return request{mdl.Message{
		Header: mdl.Header{Type: mdl.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind), Flags: mdl.Request | flags},
		Data:   append([]byte{family, unix.NFNETLINK_V0, 0, 0}, body...), // struct nfgenmsg
	}, what}
}

// border is the begin or the end of a transaction.
func border(kind uint16) request {
	return request{mdl.Message{
		Header: mdl.Header{Type: mdl.HeaderType(kind), Flags: mdl.Request},
		Data:   []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, unix.NFNL_SUBSYS_NFTABLES},
	}, func() string { return "the transaction" }}
}

// create makes the table with all that is in it; what was there before goes
// in the same transaction.
func (t *table) create() []request {
	list := append(t.key.remove(), t.key.add())
	for i, s := range t.sets {
		list = append(list, t.newSet(s, uint32(i+1)))
		list = append(list, t.elements(s, s.keys(), false)...)
	}
	for _, c := range t.chains {
		list = append(list, t.newChain(c))
	}
	for _, c := range t.chains {
		for i := range c.rules {
			list = append(list, t.newRule(c, i))
		}
	}
	return list
}

func (k tableKey) add() request {
	return newRequest(unix.NFT_MSG_NEWTABLE, k.family, mdl.Create, attributes(func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_TABLE_NAME, k.name)
		e.Uint32(unix.NFTA_TABLE_FLAGS, 0)
	}), k.String)
}

// remove deletes the table, whether it is there or not.
func (k tableKey) remove() []request {
	return []request{k.add(), newRequest(unix.NFT_MSG_DELTABLE, k.family, 0, attributes(func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_TABLE_NAME, k.name)
	}), k.String)}
}

func (t *table) newChain(c *chain) request {
	return newRequest(unix.NFT_MSG_NEWCHAIN, t.key.family, mdl.Create, attributes(func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_CHAIN_TABLE, t.key.name)
		e.String(unix.NFTA_CHAIN_NAME, c.name)
		if !c.base {
			return
		}
		e.String(unix.NFTA_CHAIN_TYPE, "filter")
		e.Nested(unix.NFTA_CHAIN_HOOK, func(e *mdl.AttributeEncoder) error {
			e.Uint32(unix.NFTA_HOOK_HOOKNUM, c.hook)
			e.Uint32(unix.NFTA_HOOK_PRIORITY, uint32(t.priority))
			return nil
		})
	}), func() string { return "chain " + c.name + " of " + t.key.String() })
}

func (t *table) newRule(c *chain, i int) request {
	return newRequest(unix.NFT_MSG_NEWRULE, t.key.family, mdl.Create|mdl.Append, attributes(func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_RULE_TABLE, t.key.name)
		e.String(unix.NFTA_RULE_CHAIN, c.name)
		e.Nested(unix.NFTA_RULE_EXPRESSIONS, func(e *mdl.AttributeEncoder) error {
			for _, x := range c.rules[i] {
				e.Nested(unix.NFTA_LIST_ELEM, func(e *mdl.AttributeEncoder) error {
					e.String(unix.NFTA_EXPR_NAME, x.name)
					e.Nested(unix.NFTA_EXPR_DATA, func(e *mdl.AttributeEncoder) error {
						x.encode(e)
						return nil
					})
					return nil
				})
			}
			return nil
		})
	}), func() string { return fmt.Sprintf("rule %d of chain %s of %v", i+1, c.name, t.key) })
}

// User data of a set, by which nft knows how to show its values.
const (
	userKeyOrder  = 0
	userDataOrder = 1
)

func (t *table) newSet(s *set, id uint32) request {
	return newRequest(unix.NFT_MSG_NEWSET, t.key.family, mdl.Create, attributes(func(e *mdl.AttributeEncoder) {
		e.String(unix.NFTA_SET_TABLE, t.key.name)
		e.String(unix.NFTA_SET_NAME, s.name)
		flags := uint32(0)
		user := userData(nil, userKeyOrder, s.key.order)
		if s.constant {
			flags |= unix.NFT_SET_CONSTANT
		}
		if s.data.length > 0 {
			flags |= unix.NFT_SET_MAP
			user = userData(user, userDataOrder, s.data.order)
			e.Uint32(unix.NFTA_SET_DATA_TYPE, s.data.id)
			e.Uint32(unix.NFTA_SET_DATA_LEN, s.data.length)
		}
		e.Uint32(unix.NFTA_SET_FLAGS, flags)
		e.Uint32(unix.NFTA_SET_KEY_TYPE, s.key.id)
		e.Uint32(unix.NFTA_SET_KEY_LEN, s.key.length)
		e.Uint32(unix.NFTA_SET_ID, id)
		e.Bytes(unix.NFTA_SET_USERDATA, user)
	}), func() string { return "set " + s.name + " of " + t.key.String() })
}

func userData(to []byte, kind byte, value uint32) []byte {
	return binary.NativeEndian.AppendUint32(append(to, kind, 4), value)
}

// elementsInMessage keeps a message below the 64 KiB of its attribute.
const elementsInMessage = 1000

// elements adds or removes elements of a set that is in the table.
func (t *table) elements(s *set, keys []string, remove bool) []request {
	var list []request
	kind, flags := uint16(unix.NFT_MSG_NEWSETELEM), mdl.Create
	if remove {
		kind, flags = unix.NFT_MSG_DELSETELEM, 0
	}
	for len(keys) > 0 {
		n := min(len(keys), elementsInMessage)
		part := keys[:n]
		keys = keys[n:]
		list = append(list, newRequest(kind, t.key.family, flags, attributes(func(e *mdl.AttributeEncoder) {
			e.String(unix.NFTA_SET_ELEM_LIST_TABLE, t.key.name)
			e.String(unix.NFTA_SET_ELEM_LIST_SET, s.name)
			e.Nested(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(e *mdl.AttributeEncoder) error {
				for _, k := range part {
					e.Nested(unix.NFTA_LIST_ELEM, func(e *mdl.AttributeEncoder) error {
						data(e, unix.NFTA_SET_ELEM_KEY, []byte(k))
						if v := s.elements[k]; v != "" && !remove {
							data(e, unix.NFTA_SET_ELEM_DATA, []byte(v))
						}
						return nil
					})
				}
				return nil
			})
		}), func() string { return "elements of set " + s.name + " of " + t.key.String() }))
	}
	return list
}
