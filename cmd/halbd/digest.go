package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"halbd/digest"
)

// digestCommand is genhash with a URL, and with the block for the configuration.
func digestCommand() *cobra.Command {
	q := digest.Question{}
	var sni bool
	var version string
	c := &cobra.Command{Use: "digest URL", Args: cobra.ExactArgs(1),
		Short: "Print the digest of a page, and the checker that expects it",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(setVersion(&q, version), parseURL(cmd.Context(), args[0], &q)); err != nil {
				return err
			}
			q.SNI = sni || q.TLS && q.VirtualHost != ""
			a, err := digest.Ask(cmd.Context(), &q)
			if err != nil {
				return err
			}
			return writeDigest(cmd.OutOrStdout(), &q, a)
		}}
	f := c.Flags()
	f.StringVar(&q.VirtualHost, "virtualhost", "", "Host header, default the host of the URL if it is a name, else address and port")
	f.StringVar(&version, "http-protocol", "1.0", "1.0, 1.0C (with Connection: close) or 1.1")
	f.BoolVar(&sni, "enable-sni", false, "name the virtual host in the TLS handshake (done without it when the URL has a name)")
	f.Uint32Var(&q.Mark, "fwmark", 0, "mark of the packets")
	f.DurationVar(&q.Timeout, "timeout", 5*time.Second, "for connecting, and between two reads")
	return c
}

// parseURL fills in who is asked for what. A name is resolved now; keepalived
// knows addresses only.
func parseURL(ctx context.Context, text string, q *digest.Question) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	port := uint16(80)
	switch u.Scheme {
	case "https":
		q.TLS, port = true, 443
	case "http":
	default:
		return fmt.Errorf("%s: a URL begins with http:// or https://", text)
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%s: invalid port %s", text, p)
		}
		port = uint16(n)
	}
	q.Path = cmp.Or(u.RequestURI(), "/")
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
		if err != nil {
			return err
		}
		addr = list[0].Unmap()
		q.VirtualHost = cmp.Or(q.VirtualHost, u.Host)
	}
	q.Server = netip.AddrPortFrom(addr, port)
	return nil
}

// writeDigest prints the sum alone on the first line, for scripts.
func writeDigest(w io.Writer, q *digest.Question, a *digest.Answer) error {
	kind, checker, block := "HTTP_GET", "", "        path "+quoted(q.Path)+"\n"
	if q.TLS {
		kind = "SSL_GET"
	}
	if q.Version != "1.0" {
		checker += "    http_protocol " + q.Version + "\n"
	}
	if q.SNI {
		checker += "    enable_sni\n"
	}
	if q.VirtualHost != "" {
		block += "        virtualhost " + quoted(q.VirtualHost) + "\n"
	}
	if a.Status < 200 || a.Status > 299 {
		block += fmt.Sprintf("        status_code %d\n", a.Status)
	}
	_, err := fmt.Fprintf(w, "%s\n\n%s {\n%s    url {\n%s        digest %[1]s\n    }\n}\n", a.Hex(), kind, checker, block)
	return err
}

// quoted puts what the language would cut into quotes.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t#!{}") {
		return `"` + word + `"`
	}
	return word
}
