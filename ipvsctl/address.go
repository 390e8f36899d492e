package ipvsctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"halbd/ipvs"
)

// protocols are the protocols of services, by the name that is printed.
var protocols = map[string]uint8{"TCP": unix.IPPROTO_TCP, "UDP": unix.IPPROTO_UDP, "SCTP": unix.IPPROTO_SCTP}

func protocolName(n uint8) string {
	for name, p := range protocols {
		if p == n {
			return name
		}
	}
	return ""
}

// names looks names up.
type names interface {
	// Address is the IPv4 address of a host.
	Address(host string) (netip.Addr, error)
	// Host is the name of an address, "" if it has none.
	Host(netip.Addr) string
	// Port is the number of a service's name, for a protocol like "TCP".
	Port(protocol, service string) (uint16, bool)
	// Service is the name of a port, "" if it has none.
	Service(protocol string, port uint16) string
}

// parseService reads HOST[:PORT].
func parseService(n names, protocol uint8, word string) (ipvs.ServiceKey, error) {
	at, err := parseHostPort(n, protocolName(protocol), word, 0)
	if err != nil {
		return ipvs.ServiceKey{}, usagef("virtual service %q: %w", word, err)
	}
	return ipvs.ServiceKey{Addr: at.Addr(), Port: at.Port(), Protocol: protocol, IPv6: at.Addr().Is6()}, nil
}

// parseHostPort reads an IPv4 address or host name with or without a port,
// [IPv6]:PORT, or an IPv6 address alone.
func parseHostPort(n names, protocol, word string, port uint16) (netip.AddrPort, error) {
	if inner, rest, ok := strings.Cut(strings.TrimPrefix(word, "["), "]:"); ok && strings.HasPrefix(word, "[") {
		a, err := parseIPv6(inner)
		if err != nil {
			return netip.AddrPort{}, err
		}
		port, err = parsePort(n, protocol, rest)
		return netip.AddrPortFrom(a, port), err
	}
	if strings.Count(word, ":") > 1 || strings.HasPrefix(word, "[") {
		a, err := parseIPv6(word)
		return netip.AddrPortFrom(a, port), err
	}
	host, rest, found := strings.Cut(word, ":")
	if found {
		var err error
		if port, err = parsePort(n, protocol, rest); err != nil {
			return netip.AddrPort{}, err
		}
	}
	if host == "" {
		return netip.AddrPort{}, errors.New("there is no host")
	}
	a, ok := parseAton(host)
	if !ok {
		var err error
		if a, err = n.Address(host); err != nil {
			return netip.AddrPort{}, err
		}
	}
	return netip.AddrPortFrom(a, port), nil
}

func parseIPv6(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is no IPv6 address (with a port it is [ADDRESS]:PORT)", s)
	}
	return a, nil
}

// parsePort reads a number, or the name of a service.
func parsePort(n names, protocol, s string) (uint16, error) {
	if p, err := strconv.ParseUint(s, 10, 16); err == nil {
		return uint16(p), nil
	}
	if p, ok := n.Port(protocol, s); ok {
		return p, nil
	}
	return 0, fmt.Errorf("%q is no port", s)
}

// parseAton reads an IPv4 address as inet_aton(3) does: up to four numbers,
// the last of which fills what is left; 0x is hexadecimal and 0 octal.
func parseAton(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		hex := strings.HasPrefix(p, "0x") || strings.HasPrefix(p, "0X")
		if strings.Contains(p, "_") || !hex && strings.ContainsAny(p, "oObB") { // numbers of Go alone
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		if i < len(parts)-1 {
			if n > 0xff {
				return netip.Addr{}, false
			}
			v = v<<8 | n
			continue
		}
		bits := 8 * (4 - i)
		if n >= 1<<bits {
			return netip.Addr{}, false
		}
		v = v<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

// hostNames are the names of this host: its hosts file and name servers, and
// its list of services.
type hostNames struct {
	ports    map[string]uint16 // "http/tcp" to 80, aliases too
	services map[string]string // "80/tcp" to http
}

// lookupTime bounds each question to a name server.
const lookupTime = 5 * time.Second

func (*hostNames) Address(host string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, err
	}
	return list[0].Unmap(), nil
}

func (*hostNames) Host(a netip.Addr) string {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	list, err := net.DefaultResolver.LookupAddr(ctx, a.String())
	if err != nil || len(list) == 0 {
		return ""
	}
	return strings.TrimSuffix(list[0], ".")
}

func (h *hostNames) Port(protocol, service string) (uint16, bool) {
	h.read()
	p, ok := h.ports[service+"/"+strings.ToLower(protocol)]
	return p, ok
}

func (h *hostNames) Service(protocol string, port uint16) string {
	h.read()
	return h.services[fmt.Sprintf("%d/%s", port, strings.ToLower(protocol))]
}

// read reads /etc/services once; the first name of a port counts.
func (h *hostNames) read() {
	if h.ports != nil {
		return
	}
	h.ports, h.services = map[string]uint16{}, map[string]string{}
	f, err := os.Open("/etc/services")
	if err != nil {
		return // then there are no names
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) < 2 {
			continue
		}
		number, protocol, _ := strings.Cut(words[1], "/")
		port, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			continue
		}
		if _, taken := h.services[words[1]]; !taken {
			h.services[words[1]] = words[0]
		}
		for _, name := range append(words[:1:1], words[2:]...) {
			if _, taken := h.ports[name+"/"+protocol]; !taken {
				h.ports[name+"/"+protocol] = uint16(port)
			}
		}
	}
}

// printer writes addresses as ipvsadm does: numbers, or names.
type printer struct {
	names   names
	resolve bool
}

// at is like "10.0.0.1:80", "localhost:http" or "[2001:db8::1]:80". Without a
// protocol, as in a fwmark service, a port has no name; IPv6 hosts have none.
func (p printer) at(a netip.Addr, port uint16, protocol string) string {
	host, service := a.String(), strconv.Itoa(int(port))
	if a.Is6() {
		host = "[" + ntop(a) + "]"
	}
	if p.resolve {
		if name := p.hostName(a); name != "" {
			host = name
		}
		if name := p.names.Service(protocol, port); name != "" {
			service = name
		}
	}
	return host + ":" + service
}

func (p printer) hostName(a netip.Addr) string {
	if a.Is6() {
		return ""
	}
	return p.names.Host(a)
}

// ntop writes an IPv6 address as inet_ntop(3), which ends IPv4-compatible ones
// like ::10.0.0.1.
func ntop(a netip.Addr) string {
	b := a.As16()
	if [12]byte(b[:12]) == [12]byte{} && (b[12] != 0 || b[13] != 0) {
		return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return a.String()
}
