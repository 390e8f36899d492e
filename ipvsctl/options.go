package ipvsctl

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"halbd/ipvs"
)

// argument says whether an option takes one.
type argument uint8

const (
	none argument = iota
	required
	optional // the next word, unless it begins with "-"
)

// option is a row of the one table of options: parsing, legality, errors, help
// and completion come from it.
type option struct {
	letter byte // 0: long only
	long   string
	arg    argument
	value  string // of the argument, for help
	help   string
	// name is what errors call it. Options of one name exclude each other.
	name string
	set  func(r *request, value string) error
}

// Names of options that stand for several, or that are asked for by name.
const (
	optService    = "service-address"
	optServer     = "real-server"
	optForward    = "forwarding-method"
	optFamily     = "ipv6"
	optSort       = "sort" // does nothing
	optNoSort     = "nosort"
	optConnection = "connection"
	optTimeout    = "timeout"
	optDaemon     = "daemon"
	optStats      = "stats"
	optRate       = "rate"
	optThresholds = "thresholds"
	optPersistent = "persistent-conn"
	optTunInfo    = "tun-info"
)

// defaultPersistence is what -p means without an argument, in seconds.
const defaultPersistence = 360

// maxTimeout is the longest persistence and connection timeout, in seconds: 31 days.
const maxTimeout = 31 * 24 * 3600

func options() []option {
	service := func(protocol uint8) func(*request, string) error {
		return func(r *request, v string) (err error) {
			r.service.ServiceKey, err = parseService(r.names, protocol, v)
			return err
		}
	}
	method := func(m ipvs.Method) func(*request, string) error {
		return func(r *request, _ string) error { r.dest.Method = m; return nil }
	}
	checksum := func(flags uint16) func(*request, string) error {
		return func(r *request, _ string) error { r.dest.TunnelFlags = flags; return nil }
	}
	mark := func(set func(*request)) func(*request, string) error {
		return func(r *request, _ string) error { set(r); return nil }
	}
	seen := mark(func(*request) {}) // that it was written is all there is to know
	return []option{
		{'t', "tcp-service", required, "HOST:PORT", "a service of TCP", optService, service(unix.IPPROTO_TCP)},
		{'u', "udp-service", required, "HOST:PORT", "a service of UDP", optService, service(unix.IPPROTO_UDP)},
		{0, "sctp-service", required, "HOST:PORT", "a service of SCTP", optService, service(unix.IPPROTO_SCTP)},
		{'f', "fwmark-service", required, "MARK", "a service of packets with a firewall mark", optService, func(r *request, v string) error {
			n, err := number("fwmark", v, 1, 1<<32-1)
			r.service.ServiceKey = ipvs.ServiceKey{Fwmark: uint32(n)}
			return err
		}},
		{'6', "ipv6", none, "", "the firewall mark's service is one of IPv6; stands behind -f", optFamily, func(r *request, _ string) error {
			if r.service.Fwmark == 0 {
				return usagef("-6 used before -f")
			}
			r.service.IPv6 = true
			return nil
		}},
		{'s', "scheduler", required, "NAME", "rr, wrr, lc, wlc (default), lblc, lblcr, dh, sh, sed, nq, fo, ovf or mh", "scheduler", func(r *request, v string) error {
			if v != "" {
				r.service.Scheduler = v
			}
			return nil
		}},
		{'p', "persistent", optional, "SECONDS", "clients stay with their server for so long, 360 if it is not said", "persistent", func(r *request, v string) error {
			r.service.Flags |= ipvs.FlagPersistent
			r.service.Timeout = defaultPersistence
			if v == "" {
				return nil
			}
			n, err := number("timeout", v, 1, maxTimeout)
			r.service.Timeout = uint32(n)
			return err
		}},
		{'M', "netmask", required, "MASK", "clients of one network stay together: a netmask, of IPv6 a prefix length", "netmask", func(r *request, v string) error {
			r.mask = v
			return nil
		}},
		{0, "pe", required, "ENGINE", "persistence engine: sip", "pe", func(r *request, v string) error { r.service.PersistName = v; return nil }},
		{'b', "sched-flags", required, "FLAG,...", "flags of the scheduler: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3", "sched-flags", func(r *request, v string) error {
			r.flags = strings.Split(v, ",")
			return nil
		}},
		{'o', "ops", none, "", "one-packet scheduling, for UDP and firewall marks", "ops", mark(func(r *request) { r.service.Flags |= ipvs.FlagOnePacket })},

		{'r', "real-server", required, "HOST[:PORT]", "the server; its port is the service's if it is not said", optServer, func(r *request, v string) error {
			r.server = v
			return nil
		}},
		{'g', "gatewaying", none, "", "forward by direct routing (default)", optForward, method(ipvs.DirectRoute)},
		{'i', "ipip", none, "", "forward through a tunnel", optForward, method(ipvs.Tunnel)},
		{'m', "masquerading", none, "", "forward with NAT", optForward, method(ipvs.Masquerade)},
		{0, "tun-type", required, "TYPE", "ipip (default), gue or gre", "tun-type", func(r *request, v string) error {
			t, ok := tunnelTypes[v]
			if !ok {
				return usagef("tunnel type %q: it is ipip, gue or gre", v)
			}
			r.dest.TunnelType = t
			return nil
		}},
		{0, "tun-port", required, "PORT", "port that a gue tunnel leads to", "tun-port", func(r *request, v string) error {
			n, err := number("tunnel port", v, 1, 65535)
			r.dest.TunnelPort = uint16(n)
			return err
		}},
		{0, "tun-nocsum", none, "", "no checksums in a gue or gre tunnel (default)", "tun-nocsum", checksum(0)},
		{0, "tun-csum", none, "", "checksums in a gue or gre tunnel", "tun-csum", checksum(tunnelChecksum)},
		{0, "tun-remcsum", none, "", "remote checksum offload in a gue tunnel", "tun-remcsum", checksum(tunnelRemoteChecksum)},
		{'w', "weight", required, "N", "weight, default 1; 0 takes no new connections", "weight", func(r *request, v string) error {
			n, err := number("weight", v, 0, 1<<31-1)
			r.dest.Weight = int32(n)
			return err
		}},
		{'x', "u-threshold", required, "N", "no new connections when there are so many; 0: no limit", "u-threshold", func(r *request, v string) error {
			n, err := number("upper threshold", v, 0, 1<<31-1)
			r.dest.UpperThreshold = uint32(n)
			return err
		}},
		{'y', "l-threshold", required, "N", "new connections again when there are fewer; 0: three quarters of the upper threshold", "l-threshold", func(r *request, v string) error {
			n, err := number("lower threshold", v, 0, 1<<31-1)
			r.dest.LowerThreshold = uint32(n)
			return err
		}},

		{'c', "connection", none, "", "the table of connections", optConnection, seen},
		{0, "timeout", none, "", "the timeouts of connections", optTimeout, seen},
		{0, "daemon", none, "", "the synchronisation daemons", optDaemon, seen},
		{0, "stats", none, "", "counters", optStats, seen},
		{0, "rate", none, "", "counters for each second, as the kernel estimates them", optRate, seen},
		{0, "thresholds", none, "", "thresholds of servers; save writes them too", optThresholds, mark(func(r *request) { r.save.thresholds = true })},
		{0, "persistent-conn", none, "", "persistent connections; with -c what the persistence engine keeps", optPersistent, seen},
		{0, "tun-info", none, "", "tunnels", optTunInfo, seen},
		{0, "exact", none, "", "counters in full, without K, M and G", "exact", mark(func(r *request) { r.list.exact = true })},
		{0, "sort", none, "", "sorted (always so)", optSort, seen},
		{0, "nosort", none, "", "in the kernel's order", optNoSort, seen},
		{'n', "numeric", none, "", "addresses and ports as numbers", "numeric", mark(func(r *request) { r.resolve = false })},
		{0, "resolve", none, "", "addresses and ports as names", "resolve", mark(func(r *request) { r.resolve = true })},
		{0, "json", none, "", "as JSON", "json", mark(func(r *request) { r.json = true })},

		{0, "syncid", required, "N", "0-255, of the synchronisation messages; 0 takes all", "syncid", func(r *request, v string) error {
			n, err := number("syncid", v, 0, 255)
			r.daemon.SyncID = uint8(n)
			return err
		}},
		{0, "sync-maxlen", required, "BYTES", "longest synchronisation message, default from the MTU", "sync-maxlen", func(r *request, v string) error {
			n, err := number("sync-maxlen", v, 1, 65535-20-8)
			r.daemon.MaxLen = uint16(n)
			return err
		}},
		{0, "mcast-interface", required, "NAME", "interface of the synchronisation messages", "mcast-interface", func(r *request, v string) error {
			r.daemon.Interface = v
			return nil
		}},
		{0, "mcast-group", required, "ADDRESS", "multicast group, default 224.0.0.81", "mcast-group", func(r *request, v string) (err error) {
			if r.daemon.Group, err = netip.ParseAddr(v); err != nil || !r.daemon.Group.IsMulticast() || r.daemon.Group.Zone() != "" {
				return usagef("%q is no multicast group", v)
			}
			return nil
		}},
		{0, "mcast-port", required, "PORT", "UDP port, default 8848", "mcast-port", func(r *request, v string) error {
			n, err := number("mcast-port", v, 1, 65535)
			r.daemon.Port = uint16(n)
			return err
		}},
		{0, "mcast-ttl", required, "N", "TTL, default 1", "mcast-ttl", func(r *request, v string) error {
			n, err := number("mcast-ttl", v, 1, 255)
			r.daemon.TTL = uint8(n)
			return err
		}},

		{0, "clear", none, "", "remove the services that the file does not have", "clear", mark(func(r *request) { r.clear = true })},
		{0, "interval", required, "TIME", "between two samples, like 500ms or 2s; default 1s", "interval", func(r *request, v string) (err error) {
			if n, bad := strconv.Atoi(v); bad == nil {
				v = fmt.Sprintf("%ds", n)
			}
			if r.watch.interval, err = time.ParseDuration(v); err != nil || r.watch.interval < 100*time.Millisecond {
				return usagef("interval %q: it is a time of at least 100ms", v)
			}
			return nil
		}},
		{0, "count", required, "N", "end after so many samples", "count", func(r *request, v string) error {
			n, err := number("count", v, 1, 1<<31-1)
			r.watch.count = int(n)
			return err
		}},
	}
}

// number reads a decimal number as ipvsadm does, blanks before it included.
func number(what, v string, low, high int64) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimLeft(v, " \t"), 10, 64)
	if err != nil || n < low || n > high {
		return 0, usagef("%s %q: it is a number from %d to %d", what, v, low, high)
	}
	return n, nil
}

// Values of linux/ip_vs.h.
const (
	tunnelGUE = 1
	tunnelGRE = 2

	tunnelChecksum       = 1
	tunnelRemoteChecksum = 2
)

var tunnelTypes = map[string]uint8{"ipip": 0, "gue": tunnelGUE, "gre": tunnelGRE}

// tunnelName is the name of a tunnel type.
func tunnelName(t uint8) string {
	for name, n := range tunnelTypes {
		if n == t {
			return name
		}
	}
	return fmt.Sprintf("type-%d", t)
}

// flagBits are the flags of every scheduler, in the order in which they are printed.
var flagBits = [3]uint32{ipvs.FlagSched1, ipvs.FlagSched2, ipvs.FlagSched3}

// flagNames names the flags of a scheduler; an empty name is a bit without a
// meaning there.
func flagNames(scheduler string) [3]string {
	if scheduler == "sh" || scheduler == "mh" {
		return [3]string{scheduler + "-fallback", scheduler + "-port", ""}
	}
	return [3]string{"flag-1", "flag-2", "flag-3"}
}

// schedulerFlags is the set of named flags. A number's name, like flag-1, is
// good for every scheduler.
func schedulerFlags(scheduler string, words []string) (uint32, error) {
	var flags uint32
	for _, w := range words {
		if w == "" {
			continue
		}
		bit := uint32(0)
		for i := range flagBits {
			if w == flagNames(scheduler)[i] || w == flagNames("")[i] {
				bit = flagBits[i]
			}
		}
		if bit == 0 {
			return 0, usagef("scheduler %s has no flag %q", scheduler, w)
		}
		flags |= bit
	}
	return flags, nil
}
