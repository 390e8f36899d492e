package ipvsctl

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"halbd/ipvs"
)

// print is the command list.
func (s *session) print(r *request) error {
	switch {
	case r.has(optConnection):
		return s.printConns(r)
	case r.has(optTimeout):
		return s.printTimeouts(r)
	case r.has(optDaemon):
		return s.printDaemons(r)
	}
	table, err := s.usage(r)
	if err != nil {
		return err
	}
	info, err := s.kernel.Info()
	if err != nil {
		return err
	}
	if r.json {
		return s.writeJSON(tableJSON(info, table))
	}
	if !r.has(optService) {
		fmt.Fprintf(s.out, "IP Virtual Server version %s (size=%d)\n", info.VersionString(), info.TableSize)
	}
	writeTable(s.out, table, chooseView(r), printer{s.names, r.resolve})
	return nil
}

// usage is the table that the request asks for, or the one service.
func (s *session) usage(r *request) ([]ipvs.Usage, error) {
	var table []ipvs.Usage
	var err error
	if r.has(optService) {
		var u ipvs.Usage
		u, err = s.kernel.UsageOf(r.service.ServiceKey)
		if errors.Is(err, unix.ESRCH) {
			return nil, &statusError{statusNone, fmt.Errorf("there is no virtual service %s", r.service.ServiceKey)}
		}
		table = []ipvs.Usage{u}
	} else {
		table, err = s.kernel.Usage()
	}
	if err == nil && !r.has(optNoSort) {
		table = sortTable(table)
	}
	return table, err
}

// view is one of the listings of the table.
type view struct {
	heading string
	// settings says that a service's line has its settings; else it has
	// counters, which numbers chooses.
	settings bool
	numbers  func(ipvs.Stats) [5]uint64
	exact    bool
	// server is a server's line behind its address.
	server func(*ipvs.Destination, *ipvs.ServerUsage) string
}

// chooseView takes the first that was asked for, as ipvsadm does.
func chooseView(r *request) view {
	switch {
	case r.has(optStats):
		return view{heading: "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  -> RemoteAddress:Port\n", exact: r.list.exact,
			numbers: func(s ipvs.Stats) [5]uint64 {
				return [5]uint64{s.Conns, s.InPkts, s.OutPkts, s.InBytes, s.OutBytes}
			}}
	case r.has(optRate):
		return view{heading: "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  -> RemoteAddress:Port\n", exact: r.list.exact,
			numbers: func(s ipvs.Stats) [5]uint64 { return [5]uint64{s.CPS, s.InPPS, s.OutPPS, s.InBPS, s.OutBPS} }}
	case r.has(optThresholds):
		return view{heading: "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  -> RemoteAddress:Port\n", settings: true,
			server: func(d *ipvs.Destination, _ *ipvs.ServerUsage) string {
				return fmt.Sprintf("%-10d %-10d %-10d %-10d", d.UpperThreshold, d.LowerThreshold, d.ActiveConns, d.InactiveConns)
			}}
	case r.has(optPersistent):
		return view{heading: "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  -> RemoteAddress:Port\n", settings: true,
			server: func(d *ipvs.Destination, u *ipvs.ServerUsage) string {
				return fmt.Sprintf("%-9d %-11d %-10d %-10d", d.Weight, u.PersistentConns, d.ActiveConns, d.InactiveConns)
			}}
	case r.has(optTunInfo):
		return view{heading: "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n", settings: true,
			server: func(d *ipvs.Destination, _ *ipvs.ServerUsage) string {
				return fmt.Sprintf("%-7s %-13s %-6d %-10d %-10d", methodName(d.Method), tunnelInfo(d), d.Weight, d.ActiveConns, d.InactiveConns)
			}}
	}
	return view{heading: "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n", settings: true,
		server: func(d *ipvs.Destination, _ *ipvs.ServerUsage) string {
			return fmt.Sprintf("%-7s %-6d %-10d %-10d", methodName(d.Method), d.Weight, d.ActiveConns, d.InactiveConns)
		}}
}

// writeTable prints services with their servers.
func writeTable(w io.Writer, table []ipvs.Usage, v view, p printer) {
	io.WriteString(w, v.heading)
	for i := range table {
		u := &table[i]
		kind, name := p.service(u.ServiceKey)
		if v.settings {
			fmt.Fprintf(w, "%-4s %s %s\n", kind, name, settings(&u.Service))
		} else {
			fmt.Fprintf(w, "%-4s %-28s%s\n", kind, name, counters(v.numbers(u.Stats), v.exact))
		}
		for j := range u.Dests {
			at := p.at(u.Dests[j].Addr, u.Dests[j].Port, protocolName(u.Protocol))
			if v.settings {
				fmt.Fprintf(w, "  -> %-28s %s\n", at, v.server(&u.Dests[j], &u.Servers[j]))
			} else {
				fmt.Fprintf(w, "  -> %-28s%s\n", at, counters(v.numbers(u.Servers[j].Stats), v.exact))
			}
		}
	}
}

// service is a service's kind and name, like "TCP" and "10.0.0.1:80", or "FWM"
// and "9 IPv6".
func (p printer) service(k ipvs.ServiceKey) (kind, name string) {
	if k.Fwmark == 0 {
		kind = protocolName(k.Protocol)
		return kind, p.at(k.Addr, k.Port, kind)
	}
	name = fmt.Sprint(k.Fwmark)
	if k.IPv6 {
		name += " IPv6"
	}
	return "FWM", name
}

// settings are a service's scheduler and flags, in words.
func settings(s *ipvs.Service) string {
	b := &strings.Builder{}
	b.WriteString(s.Scheduler)
	if flags := flagWords(s); len(flags) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(flags, ","))
	}
	if s.Flags&ipvs.FlagPersistent != 0 {
		fmt.Fprintf(b, " persistent %d", s.Timeout)
		if m := maskWord(s); m != "" {
			fmt.Fprintf(b, " mask %s", m)
		}
		if s.PersistName != "" {
			fmt.Fprintf(b, " pe %s", s.PersistName)
		}
	}
	if s.Flags&ipvs.FlagOnePacket != 0 {
		b.WriteString(" ops")
	}
	return b.String()
}

// flagWords are the names of the scheduler's flags that are set.
func flagWords(s *ipvs.Service) []string {
	var words []string
	for i, name := range flagNames(s.Scheduler) {
		if name != "" && s.Flags&flagBits[i] != 0 {
			words = append(words, name)
		}
	}
	return words
}

// maskWord is the granularity of persistence, "" for single clients.
func maskWord(s *ipvs.Service) string {
	m := s.Netmask
	switch {
	case s.IPv6 && m == 128, !s.IPv6 && m == 1<<32-1:
		return ""
	case s.IPv6:
		return fmt.Sprint(m)
	}
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}

func methodName(m ipvs.Method) string {
	switch m {
	case ipvs.Masquerade:
		return "Masq"
	case ipvs.LocalNode:
		return "Local"
	case ipvs.Tunnel:
		return "Tunnel"
	case ipvs.DirectRoute:
		return "Route"
	}
	return "Unknown"
}

// tunnelInfo is like "ipip", "gue:6080:r+c" or "gre:-c", "n/a" without a tunnel.
func tunnelInfo(d *ipvs.Destination) string {
	sum := map[uint16]string{0: "-c", tunnelChecksum: "+c", tunnelRemoteChecksum: "r+c"}[d.TunnelFlags]
	switch {
	case d.Method != ipvs.Tunnel:
		return "n/a"
	case d.TunnelType == tunnelGUE:
		return fmt.Sprintf("gue:%d:%s", d.TunnelPort, sum)
	case d.TunnelType == tunnelGRE:
		return "gre:" + sum
	}
	return tunnelName(d.TunnelType)
}

// counters are columns; big numbers are cut to K, M or G.
func counters(list [5]uint64, exact bool) string {
	b := &strings.Builder{}
	for _, n := range list {
		switch {
		case exact || n < 100_000_000:
			fmt.Fprintf(b, " %8d", n)
		case n < 1_000_000_000:
			fmt.Fprintf(b, " %7dK", n/1_000)
		case n < 100_000_000_000:
			fmt.Fprintf(b, " %7dM", n/1_000_000)
		default:
			fmt.Fprintf(b, " %7dG", n/1_000_000_000)
		}
	}
	return b.String()
}

func (s *session) printConns(r *request) error {
	list, err := s.connections()
	if err != nil {
		return err
	}
	if r.json {
		return s.writeJSON(connsJSON(list))
	}
	withEngine := r.has(optPersistent)
	heading := "pro expire state       source             virtual            destination"
	if withEngine {
		heading += "        pe name          pe_data"
	}
	fmt.Fprintf(s.out, "IPVS connection entries\n%s\n", heading)
	p := printer{s.names, r.resolve}
	for _, c := range list {
		at := func(a netip.AddrPort) string { return p.at(a.Addr(), a.Port(), c.Protocol) }
		fmt.Fprintf(s.out, "%-3s %02d:%02d  %-11s %-18s %-18s ", c.Protocol, c.Expires/time.Minute, c.Expires%time.Minute/time.Second, c.State, at(c.Client), at(c.Virtual))
		if withEngine && c.Engine != "" {
			fmt.Fprintf(s.out, "%-16s %-18s %s\n", at(c.Server), c.Engine, c.Data)
		} else {
			fmt.Fprintln(s.out, at(c.Server))
		}
	}
	return nil
}

func (s *session) printTimeouts(r *request) error {
	t, err := s.kernel.Timeouts()
	if err != nil {
		return err
	}
	if r.json {
		return s.writeJSON(timeoutsJSON(t))
	}
	fmt.Fprintf(s.out, "Timeout (tcp tcpfin udp): %d %d %d\n", t.TCP/time.Second, t.TCPFin/time.Second, t.UDP/time.Second)
	return nil
}

func (s *session) printDaemons(r *request) error {
	list, err := s.kernel.Daemons()
	if err != nil {
		return err
	}
	if r.json {
		return s.writeJSON(daemonsJSON(list))
	}
	for _, d := range list {
		fmt.Fprintf(s.out, "%s sync daemon (mcast=%s, syncid=%d, maxlen=%d, group=%s, port=%d, ttl=%d)\n", roleName(d.Master), d.Interface, d.SyncID, d.MaxLen, d.Group, d.Port, d.TTL)
	}
	return nil
}

func roleName(master bool) string {
	if master {
		return "master"
	}
	return "backup"
}
