package ipvsctl

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"halbd/ipvs"
)

// sortTable puts services and servers in ipvsadm's order.
func sortTable(table []ipvs.Usage) []ipvs.Usage {
	table = mergeSort(table, func(a, b *ipvs.Usage) int { return compareServices(a.ServiceKey, b.ServiceKey) })
	for i := range table {
		sortServers(&table[i])
	}
	return table
}

func sortServers(u *ipvs.Usage) {
	order := make([]int, len(u.Dests))
	for i := range order {
		order[i] = i
	}
	order = mergeSort(order, func(a, b *int) int { return compareServers(&u.Dests[*a], &u.Dests[*b], u.IPv6) })
	dests, servers := make([]ipvs.Destination, len(order)), make([]ipvs.ServerUsage, len(order))
	for to, from := range order {
		dests[to], servers[to] = u.Dests[from], u.Servers[from]
	}
	u.Dests, u.Servers = dests, servers
}

func compareServices(a, b ipvs.ServiceKey) int {
	return first(int(int32(a.Fwmark-b.Fwmark)), boolean(a.IPv6)-boolean(b.IPv6), int(a.Protocol)-int(b.Protocol),
		compareAddrs(a.Addr, b.Addr, a.IPv6), int(a.Port)-int(b.Port))
}

// compareServers goes by the family of the service, for servers of the other
// one too.
func compareServers(a, b *ipvs.Destination, v6 bool) int {
	return first(compareAddrs(a.Addr, b.Addr, v6), int(a.Port)-int(b.Port))
}

// compareAddrs compares IPv4 addresses by the sign of a 32-bit difference, as
// ipvsadm does. That is no order of its own when addresses are far apart (10.x
// and 192.168.x, for one: 192.168.x comes first), so the way of sorting shows.
func compareAddrs(a, b netip.Addr, v6 bool) int {
	x, y := raw(a), raw(b)
	if v6 {
		return bytes.Compare(x[:], y[:])
	}
	return int(int32(binary.BigEndian.Uint32(x[:]) - binary.BigEndian.Uint32(y[:])))
}

// raw is the kernel's union nf_inet_addr.
func raw(a netip.Addr) (b [16]byte) {
	copy(b[:], a.AsSlice())
	return b
}

// first is the first difference that is one.
func first(differences ...int) int {
	for _, d := range differences {
		if d != 0 {
			return d
		}
	}
	return 0
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mergeSort is the C library's qsort(3): halves are sorted and merged, and of
// equals the first comes first. slices.SortStableFunc comes to another result
// where the comparison is no order.
func mergeSort[T any](list []T, compare func(a, b *T) int) []T {
	if len(list) < 2 {
		return list
	}
	half := len(list) / 2
	a, b := mergeSort(list[:half:half], compare), mergeSort(list[half:], compare)
	sorted := make([]T, 0, len(list))
	for len(a) > 0 && len(b) > 0 {
		if compare(&a[0], &b[0]) <= 0 {
			sorted, a = append(sorted, a[0]), a[1:]
		} else {
			sorted, b = append(sorted, b[0]), b[1:]
		}
	}
	return append(append(sorted, a...), b...)
}
