package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"halbd/digest"
)

// actsAsGenhash reports whether the program was called by genhash's name, or
// with -T or --genhash as its first option, and gives genhash's arguments.
func actsAsGenhash(argv []string) (args []string, yes bool) {
	switch {
	case filepath.Base(argv[0]) == "genhash":
		return argv[1:], true
	case len(argv) > 1 && (argv[1] == "-T" || argv[1] == "--genhash"):
		return argv[2:], true
	}
	return nil, false
}

// genhashRequest is genhash's command line.
type genhashRequest struct {
	digest.Question
	server  netip.Addr
	port    uint16
	verbose bool
}

// errUsage asks for the usage alone.
var errUsage = fmt.Errorf("")

func (g *genhashRequest) options() []option {
	flag := func(p *bool) func(string) error { return func(string) error { *p = true; return nil } }
	return []option{
		{'S', "use-ssl", none, "", "use TLS", flag(&g.TLS)},
		{'I', "use-sni", none, "", "name the virtual host in the TLS handshake", flag(&g.SNI)},
		{'s', "server", required, "ADDRESS", "address of the server", func(v string) (err error) {
			if g.server, err = netip.ParseAddr(v); err != nil {
				return usagef("server should be an IP, not %s", v)
			}
			return nil
		}},
		{'p', "port", required, "PORT", "port of the server", func(v string) error {
			n, err := strconv.ParseUint(v, 10, 16)
			if err != nil || n == 0 {
				return usagef("invalid port number '%s'", v)
			}
			g.port = uint16(n)
			return nil
		}},
		{'u', "url", required, "PATH", "what to ask for", func(v string) error { g.Path = v; return nil }},
		{'V', "use-virtualhost", required, "NAME", "Host header", func(v string) error { g.VirtualHost = v; return nil }},
		{'v', "verbose", none, "", "show the answer too", flag(&g.verbose)},
		{'h', "help", none, "", "print this text", func(string) error { return errUsage }},
		{'m', "fwmark", required, "MARK", "mark of the packets", func(v string) error {
			n, err := strconv.ParseUint(v, 10, 32)
			if err != nil {
				return usagef("invalid fwmark '%s'", v)
			}
			g.Mark = uint32(n)
			return nil
		}},
		{'P', "protocol", required, "VERSION", "1.0, 1.0c (with 'Connection: close') or 1.1", func(v string) error {
			return setVersion(&g.Question, v)
		}},
		{'t', "timeout", required, "SECONDS", "for connecting, and between two reads", func(v string) error {
			s, err := strconv.ParseUint(v, 10, 20)
			if err != nil || s == 0 {
				return usagef("invalid timeout '%s'", v)
			}
			g.Timeout = time.Duration(s) * time.Second
			return nil
		}},
	}
}

// setVersion takes an http_protocol.
func setVersion(q *digest.Question, v string) error {
	switch v = strings.ToUpper(v); v {
	case "1.0", "1.0C", "1.1":
		q.Version = v
		return nil
	}
	return usagef("invalid HTTP protocol version '%s'", v)
}

// genhash prints the digest of one answer. Its usage goes to standard error,
// with status 1, even when it was asked for.
func genhash(args []string, out, complain io.Writer) int {
	g := genhashRequest{Question: digest.Question{Version: "1.0", Timeout: 5 * time.Second}}
	table := g.options()
	rest, err := parseOptions(table, args)
	switch {
	case err == nil && len(rest) > 0:
		err = usagef("Unexpected argument(s): %s", strings.Join(rest, " "))
	case err == nil && (!g.server.IsValid() || g.port == 0 || g.Path == ""):
		err = errUsage
	}
	if err != nil {
		if err != errUsage {
			fmt.Fprintln(complain, err)
		}
		genhashUsage(complain, table)
		return 1
	}
	g.Server = netip.AddrPortFrom(g.server, g.port)
	g.KeepBody = g.verbose
	start := time.Now()
	a, err := digest.Ask(context.Background(), &g.Question)
	switch {
	case err != nil:
		fmt.Fprintln(complain, err)
		return 1
	case g.verbose:
		err = digest.WriteVerbose(out, &g.Question, a, time.Since(start))
	default:
		_, err = fmt.Fprintln(out, a.Hex())
	}
	if err != nil {
		fmt.Fprintln(complain, err)
		return 1
	}
	return 0
}

func genhashUsage(w io.Writer, table []option) {
	fmt.Fprint(w, "Usage: genhash COMMAND [OPTIONS]\nCommands:\n   -s server-address -p port -u url\n   -S -s server-address -p port -u url\n   -h\n\nOptions:\n")
	for _, o := range table {
		fmt.Fprintf(w, "   --%-17s -%c  %-10s %s\n", o.long, o.short, o.name, o.help)
	}
}
