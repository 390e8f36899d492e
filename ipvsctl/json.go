package ipvsctl

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"halbd/ipvs"
)

// The types of this file are the JSON of list and watch; docs/ipvs.md describes
// them. Fields are added, never renamed.

type jsonTable struct {
	Version  string        `json:"version"`
	Size     uint32        `json:"size"`
	Services []jsonService `json:"services"`
}

type jsonService struct {
	Protocol    string           `json:"protocol,omitempty"`
	Address     *netip.Addr      `json:"address,omitempty"`
	Port        *uint16          `json:"port,omitempty"`
	Fwmark      uint32           `json:"fwmark,omitempty"`
	Family      string           `json:"family"`
	Scheduler   string           `json:"scheduler"`
	Flags       []string         `json:"flags"`
	OnePacket   bool             `json:"one_packet"`
	Persistence *jsonPersistence `json:"persistence"`
	Stats       jsonStats        `json:"stats"`
	Servers     []jsonServer     `json:"servers"`
}

type jsonPersistence struct {
	Timeout uint32 `json:"timeout"`
	Netmask string `json:"netmask,omitempty"`
	Prefix  uint32 `json:"prefix_length,omitempty"`
	Engine  string `json:"engine,omitempty"`
}

type jsonServer struct {
	Address             netip.Addr  `json:"address"`
	Port                uint16      `json:"port"`
	Method              string      `json:"method"`
	Tunnel              *jsonTunnel `json:"tunnel,omitempty"`
	Weight              int32       `json:"weight"`
	UpperThreshold      uint32      `json:"upper_threshold"`
	LowerThreshold      uint32      `json:"lower_threshold"`
	ActiveConnections   uint32      `json:"active_connections"`
	InactiveConnections uint32      `json:"inactive_connections"`
	PersistentConns     uint32      `json:"persistent_connections"`
	Stats               jsonStats   `json:"stats"`
}

type jsonTunnel struct {
	Type     string `json:"type"`
	Port     uint16 `json:"port,omitempty"`
	Checksum string `json:"checksum,omitempty"`
}

type jsonStats struct {
	Connections uint64   `json:"connections"`
	PacketsIn   uint64   `json:"packets_in"`
	PacketsOut  uint64   `json:"packets_out"`
	BytesIn     uint64   `json:"bytes_in"`
	BytesOut    uint64   `json:"bytes_out"`
	Rate        jsonRate `json:"rate"`
}

type jsonRate struct {
	Connections uint64 `json:"connections"`
	PacketsIn   uint64 `json:"packets_in"`
	PacketsOut  uint64 `json:"packets_out"`
	BytesIn     uint64 `json:"bytes_in"`
	BytesOut    uint64 `json:"bytes_out"`
}

type jsonConn struct {
	Protocol string         `json:"protocol"`
	Client   netip.AddrPort `json:"client"`
	Virtual  netip.AddrPort `json:"virtual"`
	Server   netip.AddrPort `json:"server"`
	State    string         `json:"state"`
	Expires  int64          `json:"expires"`
	Engine   string         `json:"engine,omitempty"`
	Data     string         `json:"data,omitempty"`
}

type jsonTimeouts struct {
	TCP    int64 `json:"tcp"`
	TCPFin int64 `json:"tcpfin"`
	UDP    int64 `json:"udp"`
}

type jsonDaemon struct {
	Role      string     `json:"role"`
	Interface string     `json:"interface"`
	SyncID    uint8      `json:"syncid"`
	MaxLen    uint16     `json:"maxlen"`
	Group     netip.Addr `json:"group"`
	Port      uint16     `json:"port"`
	TTL       uint8      `json:"ttl"`
}

func (s *session) writeJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func tableJSON(info ipvs.Info, table []ipvs.Usage) jsonTable {
	t := jsonTable{Version: info.VersionString(), Size: info.TableSize, Services: make([]jsonService, 0, len(table))}
	for i := range table {
		t.Services = append(t.Services, serviceJSON(&table[i]))
	}
	return t
}

func serviceJSON(u *ipvs.Usage) jsonService {
	j := jsonService{Family: family(u.IPv6), Fwmark: u.Fwmark, Scheduler: u.Scheduler, Flags: append([]string{}, flagWords(&u.Service)...),
		OnePacket: u.Flags&ipvs.FlagOnePacket != 0, Stats: statsJSON(u.Stats), Servers: make([]jsonServer, 0, len(u.Dests))}
	if u.Fwmark == 0 {
		j.Protocol, j.Address, j.Port = strings.ToLower(protocolName(u.Protocol)), &u.Addr, &u.Port
	}
	if u.Flags&ipvs.FlagPersistent != 0 {
		j.Persistence = &jsonPersistence{Timeout: u.Timeout, Netmask: netmaskJSON(&u.Service), Engine: u.PersistName}
		if u.IPv6 {
			j.Persistence.Prefix = u.Netmask
		}
	}
	for i := range u.Dests {
		j.Servers = append(j.Servers, serverJSON(&u.Dests[i], &u.Servers[i]))
	}
	return j
}

func family(v6 bool) string {
	if v6 {
		return "ipv6"
	}
	return "ipv4"
}

func netmaskJSON(s *ipvs.Service) string {
	switch {
	case s.IPv6:
		return ""
	case maskWord(s) == "":
		return "255.255.255.255"
	}
	return maskWord(s)
}

func serverJSON(d *ipvs.Destination, u *ipvs.ServerUsage) jsonServer {
	j := jsonServer{Address: d.Addr, Port: d.Port, Method: strings.ToLower(methodName(d.Method)), Weight: d.Weight,
		UpperThreshold: d.UpperThreshold, LowerThreshold: d.LowerThreshold, ActiveConnections: d.ActiveConns, InactiveConnections: d.InactiveConns,
		PersistentConns: u.PersistentConns, Stats: statsJSON(u.Stats)}
	if d.Method == ipvs.Tunnel {
		j.Tunnel = &jsonTunnel{Type: tunnelName(d.TunnelType), Port: d.TunnelPort}
		if d.TunnelType != 0 {
			j.Tunnel.Checksum = map[uint16]string{0: "none", tunnelChecksum: "full", tunnelRemoteChecksum: "remote"}[d.TunnelFlags]
		}
	}
	return j
}

func statsJSON(s ipvs.Stats) jsonStats {
	return jsonStats{Connections: s.Conns, PacketsIn: s.InPkts, PacketsOut: s.OutPkts, BytesIn: s.InBytes, BytesOut: s.OutBytes,
		Rate: jsonRate{Connections: s.CPS, PacketsIn: s.InPPS, PacketsOut: s.OutPPS, BytesIn: s.InBPS, BytesOut: s.OutBPS}}
}

func connsJSON(list []ipvs.Conn) map[string][]jsonConn {
	conns := make([]jsonConn, 0, len(list))
	for _, c := range list {
		conns = append(conns, jsonConn{strings.ToLower(c.Protocol), c.Client, c.Virtual, c.Server, c.State, int64(c.Expires / time.Second), c.Engine, c.Data})
	}
	return map[string][]jsonConn{"connections": conns}
}

func timeoutsJSON(t ipvs.Timeouts) map[string]jsonTimeouts {
	return map[string]jsonTimeouts{"timeouts": {int64(t.TCP / time.Second), int64(t.TCPFin / time.Second), int64(t.UDP / time.Second)}}
}

func daemonsJSON(list []ipvs.Daemon) map[string][]jsonDaemon {
	daemons := make([]jsonDaemon, 0, len(list))
	for _, d := range list {
		daemons = append(daemons, jsonDaemon{roleName(d.Master), d.Interface, d.SyncID, d.MaxLen, d.Group, d.Port, d.TTL})
	}
	return map[string][]jsonDaemon{"daemons": daemons}
}
