package ipvsctl

import (
	"cmp"
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
	order = mergeSort(order, func(a, b *int) int { return compareServers(&u.Dests[*a], &u.Dests[*b]) })
	dests, servers := make([]ipvs.Destination, len(order)), make([]ipvs.ServerUsage, len(order))
	for to, from := range order {
		dests[to], servers[to] = u.Dests[from], u.Servers[from]
	}
	u.Dests, u.Servers = dests, servers
}

func compareServices(a, b ipvs.ServiceKey) int {
	return first(cmp.Compare(a.Fwmark, b.Fwmark), boolean(a.IPv6)-boolean(b.IPv6), int(a.Protocol)-int(b.Protocol), compareAddrs(a.Addr, b.Addr), int(a.Port)-int(b.Port))
}

func compareServers(a, b *ipvs.Destination) int {
	return first(compareAddrs(a.Addr, b.Addr), int(a.Port)-int(b.Port))
}

// compareAddrs compares addresses by the signs of 32-bit differences, as
// ipvsadm does. That is no order of its own when addresses are far apart (10.x
// and 192.168.x, for one: 192.168.x comes first), so the way of sorting shows.
func compareAddrs(a, b netip.Addr) int {
	x, y := raw(a), raw(b)
	for i := 0; i < len(x); i += 4 {
		if d := int32(binary.BigEndian.Uint32(x[i:]) - binary.BigEndian.Uint32(y[i:])); d != 0 {
			return int(d)
		}
	}
	return 0
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
