package ipvs

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// connTable is the kernel's list of connections in the network namespace of this process.
const connTable = "/proc/net/ip_vs_conn"

// Conn is a row of the connection table.
type Conn struct {
	Protocol string // "TCP", "UDP", "SCTP", "IP" for the template of a fwmark service
	Client   netip.AddrPort
	Virtual  netip.AddrPort
	Server   netip.AddrPort
	State    string
	Expires  time.Duration // whole seconds
	Engine   string        // persistence engine, "" for none
	Data     string        // what the engine keeps, like a Call-ID
}

// Connections reads the connection table. It changes while it is read: rows
// may be missing or come twice, as the kernel gives them.
func Connections() ([]Conn, error) {
	f, err := os.Open(connTable)
	if err != nil {
		return nil, fmt.Errorf("IPVS connections: %w", err)
	}
	defer f.Close()
	return parseConns(f)
}

func parseConns(r io.Reader) ([]Conn, error) {
	var list []Conn
	lines := bufio.NewScanner(r)
	lines.Scan() // the heading
	for lines.Scan() {
		c, err := parseConn(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("IPVS connections, %q: %w", lines.Text(), err)
		}
		list = append(list, c)
	}
	return list, lines.Err()
}

// parseConn reads a row: protocol, three addresses with ports in hexadecimal,
// state, seconds, and the persistence engine with its data if there is one.
func parseConn(line string) (Conn, error) {
	var c Conn
	f := strings.Fields(line)
	if len(f) < 9 {
		return c, fmt.Errorf("%d fields", len(f))
	}
	c.Protocol, c.State = f[0], f[7]
	for i, to := range []*netip.AddrPort{&c.Client, &c.Virtual, &c.Server} {
		addr, err := parseHexAddr(f[1+2*i])
		if err != nil {
			return c, err
		}
		port, err := strconv.ParseUint(f[2+2*i], 16, 16)
		if err != nil {
			return c, err
		}
		*to = netip.AddrPortFrom(addr, uint16(port))
	}
	seconds, err := strconv.ParseUint(f[8], 10, 32)
	if err != nil {
		return c, err
	}
	c.Expires = time.Duration(seconds) * time.Second
	if len(f) > 10 {
		c.Engine, c.Data = f[9], strings.Join(f[10:], " ")
	}
	return c, nil
}

// parseHexAddr reads 7F000001 or 0000:...:0001.
func parseHexAddr(s string) (netip.Addr, error) {
	if strings.Contains(s, ":") {
		return netip.ParseAddr(s)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return netip.Addr{}, err
	}
	a, ok := netip.AddrFromSlice(b)
	if !ok || !a.Is4() {
		return netip.Addr{}, fmt.Errorf("%q is no address", s)
	}
	return a, nil
}
