package ipvsctl

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"halbd/ipvs"
)

// saveTable is the command save.
func (s *session) saveTable(r *request) error {
	table, err := s.usage(r)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(s.out)
	for i := range table {
		writeRules(w, &table[i].Service, printer{s.names, r.resolve}, r.save.thresholds)
	}
	return w.Flush()
}

// writeRules writes a service and its servers as lines that restore reads.
// Thresholds are not in what ipvsadm writes.
func writeRules(w io.Writer, s *ipvs.Service, p printer, thresholds bool) {
	name := p.serviceWords(s.ServiceKey)
	fmt.Fprintf(w, "-A %s%s\n", name, serviceWords(s))
	for i := range s.Dests {
		d := &s.Dests[i]
		fmt.Fprintf(w, "-a %s -r %s%s", name, p.at(d.Addr, d.Port, protocolName(s.Protocol)), serverWords(d))
		if thresholds && d.UpperThreshold != 0 {
			fmt.Fprintf(w, " -x %d", d.UpperThreshold)
		}
		if thresholds && d.LowerThreshold != 0 {
			fmt.Fprintf(w, " -y %d", d.LowerThreshold)
		}
		fmt.Fprintln(w)
	}
}

// serviceWords are the options that name a service.
func (p printer) serviceWords(k ipvs.ServiceKey) string {
	kind, name := p.service(k)
	switch kind {
	case "TCP":
		return "-t " + name
	case "UDP":
		return "-u " + name
	case "SCTP":
		return "--sctp-service " + name
	}
	return "-f " + strings.Replace(name, "IPv6", "-6", 1)
}

// serviceWords are the options with a service's settings.
func serviceWords(s *ipvs.Service) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, " -s %s", s.Scheduler)
	if s.Flags&ipvs.FlagPersistent != 0 {
		fmt.Fprintf(b, " -p %d", s.Timeout)
		if m := maskWord(s); m != "" {
			fmt.Fprintf(b, " -M %s", m)
		}
	}
	if s.PersistName != "" {
		fmt.Fprintf(b, " --pe %s", s.PersistName)
	}
	if s.Flags&ipvs.FlagOnePacket != 0 {
		b.WriteString(" -o")
	}
	if flags := flagWords(s); len(flags) > 0 {
		fmt.Fprintf(b, " -b %s", strings.Join(flags, ","))
	}
	return b.String()
}

// serverWords are the options with a server's settings, without its thresholds.
func serverWords(d *ipvs.Destination) string {
	method := map[ipvs.Method]string{ipvs.Masquerade: "-m", ipvs.Tunnel: "-i", ipvs.DirectRoute: "-g"}[d.Method]
	words := fmt.Sprintf(" %s -w %d", method, d.Weight)
	if d.Method != ipvs.Tunnel {
		return words
	}
	words += " --tun-type " + tunnelName(d.TunnelType)
	if d.TunnelType == tunnelGUE {
		words += fmt.Sprintf(" --tun-port %d", d.TunnelPort)
	}
	if d.TunnelType != 0 {
		words += map[uint16]string{0: " --tun-nocsum", tunnelChecksum: " --tun-csum", tunnelRemoteChecksum: " --tun-remcsum"}[d.TunnelFlags]
	}
	return words
}
