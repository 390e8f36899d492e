package ipvskernel

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halbd/internal/lab"
)

// requests are what servers have received, by the kind of check. Of each kind
// the first one counts.
type requests struct {
	mu   sync.Mutex // guards seen
	seen map[string]string
}

func (r *requests) note(kind string, from net.Addr, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[kind] == "" {
		r.seen[kind] = fmt.Sprintf("%s from %v", text, from)
	}
}

func (r *requests) all() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.seen)
}

// mailLog is a mail server that notes what it is told.
func (r *requests) mailLog(kind string) func(net.Conn) {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		said := ""
		for _, text := range []string{"220 hi\r\n", "250 ok\r\n", "221 bye\r\n"} {
			c.Write([]byte(text))
			line, err := in.ReadString('\n')
			said += line
			if err != nil {
				break
			}
		}
		r.note(kind, c.RemoteAddr(), fmt.Sprintf("%q", said))
	}
}

// packetLog notes datagrams but for the first hidden bytes, which differ from
// one to the next.
func (r *requests) packetLog(kind string, hidden int) func([]byte, net.Addr, func([]byte)) {
	return func(q []byte, from net.Addr, send func([]byte)) {
		r.note(kind, from, hex.EncodeToString(q[hidden:]))
		send(response(q, 0x81, 0x80))
	}
}

// ping notes the echo requests that reach a host, without checksum,
// identifier and number.
func (r *requests) ping(d *director, network, at string) error {
	var c net.PacketConn
	if err := d.net.Inside("d", func() (err error) { c, err = net.ListenPacket(network, at); return err }); err != nil {
		return err
	}
	d.more[network] = c
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if n >= 8 && (b[0] == 8 || b[0] == 128) {
				r.note(network, from, hex.EncodeToString(b[:2])+" "+string(b[8:n]))
			}
		}
	}()
	return nil
}

// Servers cannot tell halbd's requests from keepalived's: the same bytes from
// the same address and port.
func TestRequests(t *testing.T) {
	if _, err := os.Stat(keepalived); err != nil {
		t.Skip(err)
	}
	seen := make([]map[string]string, 2)
	t.Run("with", func(t *testing.T) {
		for i, program := range []string{keepalived, os.Getenv(binary)} {
			t.Run(filepath.Base(program), func(t *testing.T) {
				t.Parallel()
				seen[i] = collectRequests(t, program)
			})
		}
	})
	for _, kind := range slices.Sorted(maps.Keys(seen[0])) {
		if seen[0][kind] != seen[1][kind] {
			t.Errorf("%s: keepalived %s\nhalbd %s", kind, seen[0][kind], seen[1][kind])
		}
	}
}

func collectRequests(t *testing.T, program string) map[string]string {
	d := newDirector(t)
	r := &requests{seen: map[string]string{}}
	for i := range 2 {
		ip := fmt.Sprintf("127.0.0.%d", 20+i)
		must(t, d.serveTCP(ip+":25", r.mailLog(fmt.Sprintf("SMTP %d", i))))
		must(t, d.serveUDP(ip+":54", r.packetLog(fmt.Sprintf("UDP %d", i), 0)))
	}
	names := []string{"", "name .", "name example.com", "name Example.COM.\n type aaaa", "name ab.c.d.ef\n type MX", "type RRSIG\n name xy", "type dnskey", "type TXT", "type cname", "type ns", "type A"}
	dns := ""
	for i, opts := range names {
		ip := fmt.Sprintf("127.0.0.%d", 40+i)
		must(t, d.serveUDP(ip+":53", r.packetLog("DNS "+opts, 2)))
		dns += target(ip, 53, check("DNS_CHECK", "bindto 127.0.0.30\n bind_port "+fmt.Sprint(5000+i)+"\n "+opts))
	}
	must(t, r.ping(d, "ip4:icmp", "127.0.0.20"))
	must(t, r.ping(d, "ip6:ipv6-icmp", "::1"))
	d.start(t, program, vs("10.50.0.1 25", serviceHead, dns+
		target("127.0.0.20", 25, check("SMTP_CHECK", "bindto 127.0.0.30\n bind_port 4025")+check("PING_CHECK", "")+check("UDP_CHECK", "connect_port 54\n bindto 127.0.0.30\n bind_port 4054"))+
		target("127.0.0.21", 25, check("SMTP_CHECK", "helo_name lb1.example.org\n bindto 127.0.0.31\n bind_port 4026")+check("UDP_CHECK", "connect_port 54\n bindto 127.0.0.31\n bind_port 4055\n payload 00 ff 1 23\n require_reply")))+
		vs("2001:db8::1 25", serviceHead, target("::1", 25, check("PING_CHECK", ""))))
	if err := lab.Wait(20*time.Second, func() bool { return len(r.all()) == len(names)+6 }); err != nil {
		t.Errorf("%v: %s", err, strings.Join(slices.Sorted(maps.Keys(r.all())), "; "))
	}
	return r.all()
}
