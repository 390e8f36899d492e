package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// setVMAC reads use_vmac and its options.
func setVMAC(b *builder, kw *Keyword, s Statement) {
	if b.inst.VMAC != nil {
		b.report(alreadySet, s.Pos, "(%s) use_vmac is given twice - both lines count", b.inst.Name).unnoticed()
	} else {
		b.inst.VMAC = &VMAC{}
	}
	v := b.inst.VMAC
	for i := 1; i < len(s.Words); i++ {
		switch word := s.Words[i].Text; {
		case word == "netlink_notify_msg":
			v.Notify = true
		case strings.Contains(word, ":"):
			b.setMAC(s, i)
		default:
			i = b.linkOption(kw, s, i, &v.Name, &v.Group)
		}
	}
}

// setIPVLAN reads use_ipvlan and its options.
func setIPVLAN(b *builder, kw *Keyword, s Statement) {
	if b.inst.IPVLAN != nil {
		b.report(alreadySet, s.Pos, "(%s) use_ipvlan already specified - ignoring this one", b.inst.Name)
		return
	}
	v := &IPVLAN{}
	b.inst.IPVLAN = v
	for i := 1; i < len(s.Words); i++ {
		word := s.Words[i].Text
		host, _, _ := strings.Cut(word, "/")
		_, err := parseAddr(host)
		switch _, isMode := b.table.lookup("vrrp_instance/use_ipvlan/option", word); {
		case err == nil || strings.Contains(word, ":"):
			b.setLinkAddress(v, s, i)
		case isMode && word != "name" && word != "group":
			if v.Mode != "" {
				b.report(alreadySet, s.PosOf(i), "(%s) ipvlan type already specified - ignoring '%s'", b.inst.Name, word)
				continue
			}
			v.Mode = IPVLANMode(word)
		default:
			i = b.linkOption(kw, s, i, &v.Name, &v.Group)
		}
	}
	if v.Mode == "" {
		v.Mode = IPVLANBridge
	}
}

// linkOption reads what use_vmac and use_ipvlan share: [name] <ifname> and
// group <id|name>. It gives the index of the last word that it took.
func (b *builder) linkOption(kw *Keyword, s Statement, i int, name *string, group *uint32) int {
	word := s.Words[i].Text
	if word == "name" || word == "group" {
		if i+1 >= len(s.Words) {
			b.report(missingValue, s.PosOf(i), "(%s) %s: %s is missing its value - ignoring", b.inst.Name, kw.Name, word)
			return i
		}
		i++
	}
	if word == "group" {
		b.linkGroup(kw, s, i, group)
		return i
	}
	if *name != "" {
		b.report(alreadySet, s.PosOf(i), "(%s) %s: interface name already specified as %s - ignoring '%s'", b.inst.Name, kw.Name, *name, s.Words[i].Text)
		return i
	}
	if b.usableLinkName(kw, s, i) {
		*name = s.Words[i].Text
		b.links[*name] = b.inst.Name
	}
	return i
}

// usableLinkName judges the name of an interface that the instance is to make.
func (b *builder) usableLinkName(kw *Keyword, s Statement, i int) bool {
	name := s.Words[i].Text
	host := b.opt.Host
	switch {
	case len(name) > longestName:
		b.report(longName, s.PosOf(i), "(%s) %s: interface name '%s' has more than %d bytes - ignoring the name", b.inst.Name, kw.Name, name, longestName)
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/: \t\n\v\f\r"):
		b.report(badValue, s.PosOf(i), "(%s) %s: interface name '%s' has characters that the kernel does not take - ignoring the name", b.inst.Name, kw.Name, name)
	case b.links[name] != "":
		b.report(linkNameTaken, s.PosOf(i), "(%s) VRRP instance %s is already using %s - ignoring the name", b.inst.Name, b.links[name], name)
	case host != nil && host.InterfaceExists(name) && !host.ReusableLink(name, kw.Name == "use_ipvlan"):
		b.report(linkForeign, s.PosOf(i), "(%s) %s: interface %s already exists and is none that the instance may take over - ignoring the name", b.inst.Name, kw.Name, name)
	default:
		return true
	}
	return false
}

// linkGroup reads the group of a link: a number, or a name of iproute2's file of groups.
func (b *builder) linkGroup(kw *Keyword, s Statement, i int, group *uint32) {
	word := s.Words[i].Text
	if _, _, number := scaled(word, 0); number {
		row, _ := b.table.lookup("vrrp_instance/"+kw.Name+"/option", "group")
		low, high := nameRange(row)
		v := valueSpec{kind: valueUint, low: low, high: high}
		if _, n, ok := b.numberArg("group", v, s, i); ok {
			*group = uint32(n)
		}
		return
	}
	n, ok := b.lookupName(NameGroup, word)
	if !ok {
		b.report(badWord, s.PosOf(i), "(%s) %s: unknown link group '%s' - ignoring", b.inst.Name, kw.Name, word).
			fix("write its number, or name it in /etc/iproute2/group")
		return
	}
	*group = n
}

// setMAC reads a MAC of 5 or 6 octets. Of 5 the VRID becomes the last one,
// which finish adds.
func (b *builder) setMAC(s Statement, i int) {
	word := s.Words[i].Text
	octets, err := parseMAC(word)
	switch {
	case b.inst.mac != nil:
		b.report(alreadySet, s.PosOf(i), "(%s) use_vmac: a MAC is there already - ignoring %s", b.inst.Name, word).unnoticed()
	case err != nil:
		b.report(badMAC, s.PosOf(i), "(%s) use_vmac: '%s' is no MAC: %v - ignoring", b.inst.Name, word, err)
	case octets[0]&1 != 0:
		b.report(badMAC, s.PosOf(i), "(%s) use_vmac: %s is a multicast address - ignoring", b.inst.Name, word)
	case [4]byte(octets) == [4]byte{0, 0, 0x5e, 0} && (octets[4] == 1 || octets[4] == 2):
		b.report(badMAC, s.PosOf(i), "(%s) use_vmac: %s is in the range that RFC 5798 gives to routers of their own VRID - ignoring", b.inst.Name, word)
	default:
		if len(octets) > 6 {
			b.report(badMAC, s.PosOf(i), "(%s) use_vmac: MAC %s has more than six octets - using the first six", b.inst.Name, word).unnoticed()
			octets = octets[:6]
		}
		b.inst.mac = octets
	}
}

// parseMAC reads at least five octets of one or two hex digits.
func parseMAC(word string) ([]byte, error) {
	var octets []byte
	for part := range strings.SplitSeq(word, ":") {
		n, err := strconv.ParseUint(part, 16, 8)
		if err != nil || len(part) > 2 {
			return nil, fmt.Errorf("'%s' is no octet in hex", part)
		}
		octets = append(octets, byte(n))
	}
	if len(octets) < 5 {
		return nil, fmt.Errorf("%d octets, 5 or 6 are needed", len(octets))
	}
	return octets, nil
}

func (b *builder) setLinkAddress(v *IPVLAN, s Statement, i int) {
	word := s.Words[i].Text
	p, err := netip.ParsePrefix(word)
	if a, e := parseAddr(word); e == nil {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	switch {
	case v.Address.IsValid():
		b.report(alreadySet, s.PosOf(i), "(%s) ipvlan address already specified - ignoring '%s'", b.inst.Name, word)
	case err != nil:
		b.report(badAddress, s.PosOf(i), "(%s) use_ipvlan: '%s' is no address - ignoring", b.inst.Name, word)
	case !b.inst.sameFamily(p.Addr()):
		b.report(wrongFamily, s.PosOf(i), "(%s) use_ipvlan: address %s is not of the instance's family - ignoring", b.inst.Name, word)
	default:
		v.Address = p
	}
}

// setVRF reads vrf, which is for instances without an interface.
func setVRF(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	switch {
	case len(name) > longestName:
		b.report(longName, s.PosOf(1), "(%s) VRF interface name '%s' too long - ignoring", b.inst.Name, name)
	case b.inst.hasInterface:
		b.report(vrfWithInterface, s.Pos, "(%s) vrf and interface cannot be combined - ignoring vrf", b.inst.Name)
	default:
		b.inst.VRF = name
	}
}

// finishLinks settles what concerns the interface that an instance makes.
func (b *builder) finishLinks(i *rawInstance, strict bool) {
	if i.VRF != "" && i.hasInterface {
		b.report(vrfWithInterface, i.place("vrf"), "(%s) vrf can only be specified without interface - clearing", i.Name)
		i.VRF = ""
	}
	if i.VRF != "" {
		b.wantInterface(i.place("vrf"), i.VRF, "the VRF of vrrp_instance "+i.Name)
	}
	if i.IPVLAN != nil && i.Family == IPv4 && !i.IPVLAN.Address.IsValid() {
		b.report(ipvlanNoAddress, i.place("use_ipvlan"), "(%s) an IPv4 ipvlan needs an address - the instance stays in FAULT", i.Name)
	}
	if i.VMAC != nil && i.IPVLAN != nil {
		b.report(linkConflict, i.place("use_ipvlan"), "(%s) use_vmac and use_ipvlan exclude each other - ignoring use_ipvlan", i.Name)
		i.IPVLAN = nil
	}
	b.finishXmitBase(i, strict)
	if i.PromoteSecondary && (i.VMAC != nil || i.IPVLAN != nil) {
		b.report(promoteWithLink, i.place("promote_secondaries"), "(%s) promote_secondaries is set for VMACs anyway - ignoring", i.Name)
		i.PromoteSecondary = false
	}
	if len(i.mac) == 5 && i.VMAC != nil {
		i.mac = append(i.mac, i.VRID)
	}
	if len(i.mac) == 6 && i.VMAC != nil {
		i.VMAC.MAC = fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", i.mac[0], i.mac[1], i.mac[2], i.mac[3], i.mac[4], i.mac[5])
	}
}

// finishXmitBase settles what vmac_xmit_base may not be combined with.
func (b *builder) finishXmitBase(i *rawInstance, strict bool) {
	switch {
	case i.XmitBase && i.VMAC == nil:
		b.report(xmitBaseAlone, i.place("vmac_xmit_base"), "(%s) vmac_xmit_base is only valid with use_vmac - ignoring", i.Name)
		i.XmitBase = false
	case i.XmitBase && strict:
		b.report(strictReset, i.place("vmac_xmit_base"), "(%s) vmac_xmit_base is incompatible with strict mode - resetting", i.Name)
		i.XmitBase = false
	}
}

// linkNumber counts the names that were tried: PREFIX1.VRID, PREFIX2.VRID, ...
type linkNumber struct {
	prefix string
	vrid   uint8
}

// finishLinkNames names the interfaces that were not named: PREFIX.VRID, with
// a number behind the prefix where another instance has that. Then it puts the
// virtual addresses on the links that carry them.
func (b *builder) finishLinkNames() {
	next := map[linkNumber]int{}
	for _, i := range b.insts {
		var name *string
		switch {
		case i.VMAC != nil:
			name = &i.VMAC.Name
		case i.IPVLAN != nil:
			name = &i.IPVLAN.Name
		}
		if name != nil && *name == "" {
			*name = b.freeLinkName(b.global.VMACPrefix, i, i.Family, next)
			b.links[*name] = i.Name
		}
		b.placeAddresses(i, next)
		b.refreshVMACs(i)
	}
}

// vmacRefresh is well below the 300 s after which a switch usually forgets a MAC.
const vmacRefresh = time.Minute

// refreshVMACs keeps the MACs of VMACs known to the switches also where no
// adverts leave by them and garp_extra_if is not written.
func (b *builder) refreshVMACs(i *rawInstance) {
	silent := i.VMAC != nil && i.XmitBase || len(i.AddressLinks) > 0
	if silent && !i.extra.set && b.global.extra.interval == 0 {
		i.GARP.ExtraInterval = vmacRefresh
	}
}

func (b *builder) freeLinkName(prefix string, i *rawInstance, f Family, next map[linkNumber]int) string {
	name := fmt.Sprintf("%s.%d", prefix, i.VRID)
	if b.links[name] != "" && f == IPv6 {
		name = fmt.Sprintf("%s6.%d", prefix, i.VRID)
	}
	for number := (linkNumber{prefix, i.VRID}); b.links[name] != ""; {
		next[number]++
		name = fmt.Sprintf("%s%d.%d", prefix, next[number], i.VRID)
	}
	return name
}

// placeAddresses puts addresses of a VMAC instance's own interface and family
// on its VMAC. Others get a VMAC where use_vmac or use_vmac_addr asks for it:
// one for each interface and family.
func (b *builder) placeAddresses(i *rawInstance, next map[linkNumber]int) {
	for _, list := range [][]Address{i.Addresses, i.Excluded} {
		for n := range list {
			a := &list[n]
			f := IPv6
			if a.Prefix.Addr().Is4() {
				f = IPv4
			}
			home := a.Interface == i.Interface && f == i.Family
			switch {
			case home && i.VMAC != nil:
				a.Interface, a.Parent = i.VMAC.Name, a.Interface
			case a.UseVMAC || i.VMACAddresses && !home:
				a.Interface, a.Parent = b.addressLink(i, a.Interface, f, next), a.Interface
			}
		}
	}
}

// addressLink is the VMAC that carries the addresses of one family of the
// instance on an interface. Two VMACs of one interface cannot have the same
// MAC, so a written MAC gives way to the RFC's where the instance's VMAC has it.
func (b *builder) addressLink(i *rawInstance, parent string, f Family, next map[linkNumber]int) string {
	for _, l := range i.AddressLinks {
		if l.Parent == parent && l.Family == f {
			return l.Name
		}
	}
	l := Link{Name: b.freeLinkName(b.global.VMACAddrPrefix, i, f, next), Kind: LinkMACVLAN, Parent: parent, MAC: i.virtualMAC(f), Family: f}
	if i.VMAC != nil {
		l.Group = i.VMAC.Group
		if parent == i.Interface {
			l.MAC = routerMAC(i.VRID, f)
		}
	}
	b.links[l.Name] = i.Name
	i.AddressLinks = append(i.AddressLinks, l)
	return l.Name
}
