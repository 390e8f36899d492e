package healthcheck

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"math"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

// answering serves one canned answer for each connection and tells the requests.
func answering(t *testing.T, serve func(c net.Conn, request string)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serveOn(l, serve)
	return netip.MustParseAddrPort(l.Addr().String())
}

func serveOn(l net.Listener, serve func(c net.Conn, request string)) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				var req strings.Builder
				r := bufio.NewReader(c)
				for {
					line, err := r.ReadString('\n')
					req.WriteString(line)
					if err != nil || line == "\r\n" {
						break
					}
				}
				serve(c, req.String())
			}()
		}
	}()
}

func httpCheck(kind conf.CheckKind, at netip.AddrPort, edit ...func(*conf.HTTPCheck)) *conf.Checker {
	h := &conf.HTTPCheck{Version: "1.0", URLs: []conf.URL{{Path: "/", Status: []conf.StatusRange{{From: 200, To: 299}}}}}
	for _, e := range edit {
		e(h)
	}
	return &conf.Checker{Kind: kind, Connect: at, ConnectTimeout: 5 * time.Second, HTTP: h}
}

func digestOf(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

func TestHTTPAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		digest string
		fails  string // "" for success
	}{
		"200":                              {"HTTP/1.0 200 OK\r\n\r\nhello", "", ""},
		"204 without a body":               {"HTTP/1.1 204 No Content\r\n\r\n", "", ""},
		"404":                              {"HTTP/1.0 404 Not Found\r\n\r\n", "", "status code 404"},
		"redirects are not followed":       {"HTTP/1.0 301 Moved\r\nLocation: /x\r\n\r\n", "", "status code 301"},
		"digest":                           {"HTTP/1.0 200 OK\r\n\r\nhello", digestOf("hello"), ""},
		"other content":                    {"HTTP/1.0 200 OK\r\n\r\nhallo", digestOf("hello"), "digest"},
		"digest is cut to Content-Length":  {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", digestOf("hello"), ""},
		"content-length in another case":   {"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nhello", digestOf("hello"), ""},
		"shorter than Content-Length":      {"HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\nhello", digestOf("hello"), ""},
		"chunks are hashed as they stand":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", digestOf("5\r\nhello\r\n0\r\n\r\n"), ""},
		"no space behind the status":       {"HTTP/1.0 200\r\n\r\n", "", "no HTTP status"},
		"not HTTP":                         {"SSH-2.0-OpenSSH\r\n\r\n", "", "no HTTP status"},
		"nothing":                          {"", "", "before the end of the HTTP header"},
		"header without end":               {"HTTP/1.0 200 OK\r\nX: y\r\n", "", "before the end of the HTTP header"},
		"header larger than any should be": {"HTTP/1.0 200 OK\r\nX: " + strings.Repeat("y", maxHeader) + "\r\n", "", "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			at := answering(t, func(c net.Conn, _ string) { io.WriteString(c, tc.answer) })
			k := httpCheck(conf.HTTPGet, at, func(h *conf.HTTPCheck) { h.URLs[0].Digest = tc.digest })
			r := probe(context.Background(), k, 0, new(web))
			if r.OK != (tc.fails == "") || !strings.Contains(r.Detail, tc.fails) {
				t.Errorf("got %+v, want %q", r, tc.fails)
			}
		})
	}
}

// The bytes are keepalived's (contracts.md 5.2).
func TestHTTPRequest(t *testing.T) {
	at := netip.MustParseAddrPort("10.0.0.1:8080")
	for name, tc := range map[string]struct {
		at   netip.AddrPort
		edit func(*conf.HTTPCheck)
		want string
	}{
		"1.0":         {at, func(*conf.HTTPCheck) {}, "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.0.0.1:8080\r\n\r\n"},
		"1.0C":        {at, func(h *conf.HTTPCheck) { h.Version = "1.0C" }, "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.0.0.1:8080\r\n\r\n"},
		"1.1":         {at, func(h *conf.HTTPCheck) { h.Version = "1.1" }, "GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.0.0.1:8080\r\n\r\n"},
		"virtualhost": {at, func(h *conf.HTTPCheck) { h.URLs[0].VirtualHost = "a.example" }, "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: a.example\r\n\r\n"},
		"IPv6":        {netip.MustParseAddrPort("[2001:db8::1]:80"), func(*conf.HTTPCheck) {}, "GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: [2001:db8::1]:80\r\n\r\n"},
	} {
		k := httpCheck(conf.HTTPGet, tc.at, tc.edit)
		if got := string(appendRequest(nil, k.HTTP.Version, k.Connect, &k.HTTP.URLs[0])); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// A server that drips bytes, or says nothing, cannot hold a check.
func TestHTTPTimeLimits(t *testing.T) {
	for name, serve := range map[string]func(net.Conn, string){
		"silent": func(c net.Conn, _ string) { io.Copy(io.Discard, c) },
		"drips": func(c net.Conn, _ string) {
			for {
				if _, err := c.Write([]byte("H")); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := httpCheck(conf.HTTPGet, answering(t, serve))
			k.ConnectTimeout = 100 * time.Millisecond
			r := probe(context.Background(), k, 0, new(web))
			if r.OK || !strings.Contains(r.Detail, "within") {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func certificate(t *testing.T, names ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotAfter: time.Unix(1, 0)} // long expired
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestSSLGet(t *testing.T) {
	cert := certificate(t, "a.example")
	names := make(chan string, 1)
	cfg := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		names <- h.ServerName
		return &cert, nil
	}}
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	serveOn(l, func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello") })
	at := netip.MustParseAddrPort(l.Addr().String())
	for name, tc := range map[string]struct {
		edit func(*conf.HTTPCheck)
		sni  string
	}{
		"no SNI unless asked for": {func(h *conf.HTTPCheck) { h.URLs[0].VirtualHost = "a.example" }, ""},
		"sni_name":                {func(h *conf.HTTPCheck) { h.EnableSNI, h.SNI = true, "b.example" }, "b.example"},
		"virtualhost":             {func(h *conf.HTTPCheck) { h.EnableSNI, h.URLs[0].VirtualHost = true, "a.example" }, "a.example"},
	} {
		t.Run(name, func(t *testing.T) {
			r := probe(context.Background(), httpCheck(conf.SSLGet, at, tc.edit, func(h *conf.HTTPCheck) { h.URLs[0].Digest = digestOf("hello") }), 0, new(web))
			if sni := <-names; !r.OK || sni != tc.sni {
				t.Errorf("got %+v with SNI %q, want success with %q", r, sni, tc.sni)
			}
		})
	}
	t.Run("a server without TLS", func(t *testing.T) {
		at := answering(t, func(c net.Conn, _ string) { io.WriteString(c, "HTTP/1.0 400 Bad\r\n\r\n") })
		// The request line of the fixture never comes: a ClientHello has no CRLF.
		k := httpCheck(conf.SSLGet, at)
		k.ConnectTimeout = 200 * time.Millisecond
		if r := probe(context.Background(), k, 0, new(web)); r.OK || !strings.Contains(r.Detail, "TLS") {
			t.Errorf("got %+v", r)
		}
	})
}

func TestMiscCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chk")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec /bin/sh -c \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(command string, limit time.Duration) Result {
		c := conf.Command{Args: []string{path, command}, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
		return probe(context.Background(), &conf.Checker{Kind: conf.MiscCheck, Misc: &conf.MiscOptions{Command: c, Timeout: limit}}, 0, new(web))
	}
	if r := run("exit 0", 20*time.Second); !r.OK || r.Exit != 0 {
		t.Errorf("exit 0: %+v", r)
	}
	if r := run("exit 52", 20*time.Second); r.Exit != 52 {
		t.Errorf("exit 52: %+v", r)
	}
	if r := run("sleep 60", 50*time.Millisecond); r.OK || r.Exit != -1 || !strings.Contains(r.Detail, "50ms") {
		t.Errorf("a program that hangs: %+v", r)
	}
}

// Any answer in any pieces ends with a verdict, and the pieces do not matter.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 3)
	f.Add([]byte("HTTP/1.1 404 Not Found\r\n\r\n"), 1)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Length: 99999999999999999999\r\n\r\nx"), 7)
	f.Add([]byte("\r\n\r\n"), 2)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nffffffffff\r\n"), 4)
	k := httpCheck(conf.HTTPGet, netip.AddrPort{}, func(h *conf.HTTPCheck) {
		h.URLs[0].Digest, h.URLs[0].Regex = digestOf("hello"), &conf.Regex{Pattern: "h.l+o", MaxOffset: math.MaxUint64}
	})
	w := webOf(f, k)
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		feed := func(size int) (*response, bool, error) {
			r := w.expect(&k.HTTP.URLs[0])
			for rest := b; len(rest) > 0; {
				n := min(max(size, 1), len(rest))
				if done, err := r.feed(rest[:n]); done || err != nil {
					return r, done, err
				}
				rest = rest[n:]
			}
			return r, false, r.end()
		}
		one, done1, err1 := feed(len(b))
		two, done2, err2 := feed(piece)
		if (err1 == nil) != (err2 == nil) && len(b) <= maxHeader {
			t.Fatalf("in one piece %v, in pieces of %d %v", err1, piece, err2)
		}
		if err1 == nil && (done1 != done2 || one.status != two.status || string(one.sum.Sum(nil)) != string(two.sum.Sum(nil))) {
			t.Fatalf("the pieces matter: %+v, %+v", one, two)
		}
		if a, b := one.judge(), two.judge(); err1 == nil && (a == nil) != (b == nil) {
			t.Fatalf("in one piece %v, in pieces of %d %v", a, piece, b)
		}
	})
}
