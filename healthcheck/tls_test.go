// Servers may be as old as in cmd/halbd.
//go:debug tlssha1=1
//go:debug rsa1024min=0
//go:debug tlsmaxrsasize=16384
//go:debug x509negativeserial=1

package healthcheck

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"halbd/conf"
	"halbd/internal/lab"
)

// authority signs the certificates of a zoo.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t *testing.T, name string) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// sign makes a certificate; edit may spoil it.
func (a *authority) sign(t *testing.T, key crypto.Signer, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"web.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func serveTLS(t *testing.T, cfg *tls.Config, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serveOn(l, func(c net.Conn, _ string) { serve(c) })
	return netip.MustParseAddrPort(l.Addr().String())
}

func hello(c net.Conn) { io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello") }

// No certificate is too bad for a check, and every version of TLS is spoken:
// keepalived asks whether the service answers.
func TestCertificateZoo(t *testing.T) {
	ca := newAuthority(t, "zoo")
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	good := ca.sign(t, ec, nil)
	only := func(version uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: version, MaxVersion: version}
	}
	with := func(key crypto.Signer, edit func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.sign(t, key, edit)}}
	}
	for name, cfg := range map[string]*tls.Config{
		"good":          with(ec, nil),
		"expired":       with(ec, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		"not yet valid": with(ec, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }),
		"wrong name":    with(ec, func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} }),
		"no server":     with(ec, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }),
		"self-signed":   {Certificates: []tls.Certificate{certificate(t, "web.example")}},
		"RSA 1024":      with(must(rsa.GenerateKey(rand.Reader, 1024)), nil),

		"Ed25519": with(ed, nil),
		"P-521":   with(must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)), nil),
		"TLS 1.0": only(tls.VersionTLS10),
		"TLS 1.1": only(tls.VersionTLS11),
		"TLS 1.2": only(tls.VersionTLS12),
		"TLS 1.3": only(tls.VersionTLS13),
	} {
		t.Run(name, func(t *testing.T) {
			at := serveTLS(t, cfg, hello)
			if r := probe(context.Background(), httpCheck(conf.SSLGet, at), 0, new(web)); !r.OK {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// Old servers speak what Go's own server does not: openssl plays them.
func TestOldServers(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl")
	}
	dir := t.TempDir()
	for name, tc := range map[string]struct{ request, serve []string }{
		"RSA key exchange":                   {[]string{"rsa:2048", "-sha256"}, []string{"-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"}},
		"SHA-1 and RSA 1024":                 {[]string{"rsa:1024", "-sha1"}, []string{"-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "-sigalgs", "RSA+SHA1"}},
		"TLS 1.0":                            {[]string{"rsa:1024", "-sha1"}, []string{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}},
		"TLS 1.0, AES-CBC, RSA key exchange": {[]string{"rsa:1024", "-sha1"}, []string{"-tls1", "-cipher", "AES256-SHA:@SECLEVEL=0"}},
	} {
		t.Run(name, func(t *testing.T) {
			pem := filepath.Join(dir, strings.NewReplacer(" ", "", ",", "").Replace(name)+".pem")
			out, err := exec.Command(openssl, append([]string{"req", "-x509", "-nodes", "-subj", "/CN=old", "-keyout", pem + ".key", "-out", pem, "-newkey"}, tc.request...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			port := freePort(t)
			cmd := exec.Command(openssl, append([]string{"s_server", "-accept", port.String(), "-cert", pem, "-key", pem + ".key", "-www", "-quiet"}, tc.serve...)...)
			var log strings.Builder
			cmd.Stdout, cmd.Stderr = &log, &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { cmd.Process.Kill(); cmd.Wait() }()
			k := httpCheck(conf.SSLGet, port)
			var r Result
			lab.Wait(20*time.Second, func() bool {
				r = probe(context.Background(), k, 0, new(web))
				return !strings.Contains(r.Detail, "refused")
			})
			if !r.OK {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// A server that wants a certificate gets the one of the SSL block.
func TestClientCertificate(t *testing.T) {
	ca, other := newAuthority(t, "ours"), newAuthority(t, "theirs")
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	ours, theirs := ca.sign(t, key, nil), other.sign(t, key, nil)
	for name, tc := range map[string]struct {
		own *tls.Certificate
		ok  bool
	}{"none": {nil, false}, "right CA": {&ours, true}, "wrong CA": {&theirs, false}} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+" "+tls.VersionName(version), func(t *testing.T) {
				at := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ours}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MaxVersion: version}, hello)
				r := probe(context.Background(), httpCheck(conf.SSLGet, at), 0, &web{own: tc.own})
				if r.OK != tc.ok || !tc.ok && !strings.Contains(r.Detail, "tls") {
					t.Errorf("got %+v, want %v", r, tc.ok)
				}
			})
		}
	}
}

// counting tells how many bytes have come in.
type counting struct {
	net.Conn
	n atomic.Int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// With tls_compliant the client says close_notify after the answer; without it
// the connection ends without another byte.
func TestTLSFarewell(t *testing.T) {
	cert := certificate(t, "a.example")
	for _, compliant := range []bool{false, true} {
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		last := make(chan int64, 1)
		go func() {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := &counting{Conn: raw}
			s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
			defer s.Close()
			s.Read(make([]byte, 4096))
			before := c.n.Load()
			io.WriteString(s, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")
			s.Read(make([]byte, 1))
			last <- c.n.Load() - before
		}()
		k := httpCheck(conf.SSLGet, netip.MustParseAddrPort(l.Addr().String()), func(h *conf.HTTPCheck) { h.URLs[0].TLSCompliant = compliant })
		if r := probe(context.Background(), k, 0, new(web)); !r.OK {
			t.Errorf("compliant %v: got %+v", compliant, r)
		}
		if n := <-last; (n > 0) != compliant {
			t.Errorf("compliant %v: %d bytes came after the answer", compliant, n)
		}
	}
}

// A server that breaks off at any stage of TLS fails the check at once.
func TestTLSBreaks(t *testing.T) {
	reset := func(c net.Conn) { c.(*net.TCPConn).SetLinger(0); c.Close() }
	for name, serve := range map[string]func(c net.Conn){
		"reset at once":               reset,
		"reset after the hello":       func(c net.Conn) { c.Read(make([]byte, 1)); reset(c) },
		"closed after the hello":      func(c net.Conn) { c.Read(make([]byte, 4096)) },
		"alert":                       func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) },
		"half a record":               func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte{22, 3, 3, 0, 200, 2, 0}) },
		"a record of impossible size": func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte{22, 3, 3, 255, 255, 2, 0}) },
		"not TLS":                     func(c net.Conn) { io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			l := must(net.Listen("tcp", "127.0.0.1:0"))
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					serve(c)
					c.Close()
				}
			}()
			start := time.Now()
			r := probe(context.Background(), httpCheck(conf.SSLGet, netip.MustParseAddrPort(l.Addr().String())), 0, new(web))
			if r.OK || time.Since(start) > 3*time.Second {
				t.Errorf("got %+v after %v", r, time.Since(start))
			}
		})
	}
}

// A reload whose certificate cannot be read keeps the one that is in use.
func TestReloadKeepsTheCertificate(t *testing.T) {
	own := certificate(t, "a.example")
	log := slog.New(slog.DiscardHandler)
	w := readWeb(&conf.Config{SSL: &conf.TLSClient{Certificate: filepath.Join(t.TempDir(), "none.pem")}}, &web{own: &own}, log)
	if w.own != &own {
		t.Error("the certificate is lost")
	}
	if w = readWeb(&conf.Config{}, w, log); w.own != nil {
		t.Error("a file without SSL block leaves the certificate in use")
	}
}
