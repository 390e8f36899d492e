package conf

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxGroupRange is the number of addresses of one item of a group that are served.
const maxGroupRange = 1 << 16

const groupItem = "virtual_server_group/item"

// groupMember reads "<ip>[-<last>|-<ip>|/<mask>] [<port>]" or "fwmark <n> [inet|inet6]".
func (b *builder) groupMember(s Statement) {
	if b.vsg == nil {
		return
	}
	text := s.Words[0].Text
	if text == "fwmark" {
		b.groupFwmark(s)
		return
	}
	if len(s.Words) > 2 {
		b.report(surplusWord, s.PosOf(2), "an address takes one port: '%s' has no effect", strings.Join(wordTexts(s.Words[2:]), " "))
	}
	port, ok := b.port(s, 1)
	m, err := memberRange(text)
	if err != nil || !ok {
		why := ""
		if err != nil {
			why = ": " + err.Error()
		}
		b.report(badAddress, s.Pos, "Invalid virtual server group entry %s - skipping%s", text, why).
			fix("write <ip>, <ip>-<last part>, <ip>-<ip> or <ip>/<mask>, and a port")
		return
	}
	m.Port = port
	if m.tooLarge() {
		b.report(groupRange, s.Pos, "%s has more than %d addresses: only the first %d are served", text, maxGroupRange, maxGroupRange)
	}
	b.vsg.members = append(b.vsg.members, m)
}

func (b *builder) groupFwmark(s Statement) {
	if len(s.Words) < 2 {
		b.report(missingArgument, s.Pos, "fwmark is missing a parameter - keepalived ends here")
		return
	}
	n, ok := b.optionNumber(groupItem, s, 0)
	if !ok {
		return
	}
	m := GroupMember{Fwmark: uint32(n)}
	if len(s.Words) > 2 {
		word := s.Words[2].Text
		if _, known := b.table.lookup(groupItem+"/fwmark/value", word); !known {
			b.report(badWord, s.PosOf(2), "fwmark %d: family %s unknown - ignoring", n, word)
			return
		}
		m.Family = familyWord(word)
	}
	if len(s.Words) > 3 {
		b.report(surplusWord, s.PosOf(3), "fwmark takes a number and a family: '%s' has no effect", strings.Join(wordTexts(s.Words[3:]), " "))
	}
	b.vsg.members = append(b.vsg.members, m)
}

// closeServerGroup drops a group without members.
func (b *builder) closeServerGroup() {
	g := b.vsg
	b.vsg = nil
	if g != nil && len(g.members) == 0 {
		b.reportEnd(incompleteBlock, g.pos, "virtual server group %s has no entries - removing", g.name)
		delete(b.vsgs, g.name)
	}
}

// memberRange reads the address part of a group member.
func memberRange(text string) (m GroupMember, err error) {
	if strings.Contains(text, "/") {
		return memberBlock(text)
	}
	first, last, ranged := strings.Cut(text, "-")
	if m.First, err = parseMember(first); err != nil || !ranged {
		m.Last = m.First
		return m, err
	}
	least := m.First
	if m.Last, err = parseMember(last); err != nil {
		if m.Last, err = lastPart(m.First, last); err != nil {
			return m, err
		}
		least = m.First.Next()
	}
	switch {
	case m.First.Is4() != m.Last.Is4():
		err = fmt.Errorf("its ends are of two families")
	case m.Last.Less(least):
		err = fmt.Errorf("the range ends before it begins")
	}
	return m, err
}

func parseMember(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err == nil && a.Zone() != "" {
		err = fmt.Errorf("an interface has no place here")
	}
	return a, err
}

// memberBlock reads a network, from its first address to its last.
func memberBlock(text string) (m GroupMember, err error) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return m, err
	case p.Bits() == 0:
		return m, fmt.Errorf("the mask is 0")
	case p.Addr() != p.Masked().Addr():
		return m, fmt.Errorf("address bits behind the mask are set")
	}
	m.First, m.Last = p.Addr(), lastOf(p)
	return m, nil
}

// tooLarge reports whether a range has more addresses than are served.
func (m *GroupMember) tooLarge() bool {
	first, last := m.First.As16(), m.Last.As16()
	return [8]byte(first[:8]) != [8]byte(last[:8]) ||
		binary.BigEndian.Uint64(last[8:])-binary.BigEndian.Uint64(first[8:]) >= maxGroupRange
}

// lastPart replaces the last octet (decimal) or hextet (hexadecimal) of a.
func lastPart(a netip.Addr, last string) (netip.Addr, error) {
	if a.Is4() {
		n, err := strconv.ParseUint(last, 10, 8)
		raw := a.As4()
		raw[3] = byte(n)
		return netip.AddrFrom4(raw), err
	}
	n, err := strconv.ParseUint(last, 16, 16)
	raw := a.As16()
	raw[14], raw[15] = byte(n>>8), byte(n)
	return netip.AddrFrom16(raw), err
}

// lastOf gives the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	raw := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(raw)*8; i++ {
		raw[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}
