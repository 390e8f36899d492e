package control

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/status"
)

// still is a daemon that always looks the same.
type still struct {
	Commander
	history status.History
}

func (s *still) Picture(context.Context) (*status.Status, error) {
	return &status.Status{Daemon: status.Daemon{Version: "1.0"}}, nil
}
func (s *still) History() *status.History { return &s.history }

// certificate writes a pair for 127.0.0.1 and returns it parsed.
func certificate(t *testing.T, cert, key string, serial int64) *x509.Certificate {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	must(t, err)
	kder, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder}), 0o600))
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.Chtimes(cert, time.Time{}, time.Unix(serial, 0)))
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	return parsed
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listening serves until the test ends, and gives the address.
func listening(t *testing.T, r Remote) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.Addr = netip.MustParseAddrPort(l.Addr().String())
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Serve(ctx, &still{}, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	for { // until it listens
		c, err := net.Dial("tcp", r.Addr.String())
		if err == nil {
			c.Close()
			return r.Addr.String()
		}
	}
}

// With TLS and a token only who has it may look, and nobody may order anything.
// Token and certificate may change while it runs.
func TestRemote(t *testing.T) {
	dir := t.TempDir()
	r := Remote{Cert: filepath.Join(dir, "c"), Key: filepath.Join(dir, "k"), TokenFile: filepath.Join(dir, "t")}
	pool := x509.NewCertPool()
	pool.AddCert(certificate(t, r.Cert, r.Key, 1))
	must(t, os.WriteFile(r.TokenFile, []byte("secret\nmore\n"), 0o600))
	at := listening(t, r)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	ask := func(method, path, token string) (code int, body string) {
		t.Helper()
		q, err := http.NewRequest(method, "https://"+at+path, nil)
		must(t, err)
		if token != "" {
			q.Header.Set("Authorization", token)
		}
		a, err := client.Do(q)
		must(t, err)
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		must(t, err)
		return a.StatusCode, string(b)
	}
	for _, tc := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/metrics", "Bearer secret", 200},
		{"GET", "/status", "Bearer secret", 200},
		{"GET", "/events", "Bearer secret", 200},
		{"GET", "/healthz", "Bearer secret", 200},
		{"GET", "/status", "", 401},
		{"GET", "/healthz", "", 401},
		{"GET", "/status", "Bearer", 401},
		{"GET", "/status", "Bearer secre", 401},
		{"GET", "/status", "Bearer more", 401},
		{"GET", "/status", "Basic secret", 401},
		{"POST", "/reload", "Bearer secret", 404},
		{"POST", "/vrrp", "", 401},
		{"POST", "/status", "Bearer secret", 405},
		{"GET", "/debug/pprof/", "Bearer secret", 404},
	} {
		if code, body := ask(tc.method, tc.path, tc.token); code != tc.want || code == 401 && strings.Contains(body, "version") {
			t.Errorf("%s %s with %q: %d %s", tc.method, tc.path, tc.token, code, body)
		}
	}
	must(t, os.WriteFile(r.TokenFile, []byte("\n"), 0o600))
	if code, _ := ask("GET", "/status", "Bearer "); code != 401 {
		t.Errorf("an empty token lets in: %d", code)
	}
	must(t, os.WriteFile(r.TokenFile, []byte("other"), 0o600))
	pool.AddCert(certificate(t, r.Cert, r.Key, 2))
	if code, _ := ask("GET", "/status", "Bearer other"); code != 200 {
		t.Errorf("after a renewal: %d", code)
	}
	if a, err := http.Get("http://" + at + "/status"); err == nil && a.StatusCode == 200 {
		t.Error("it answers without TLS")
	}
}

// On this host alone neither is needed.
func TestRemotePlain(t *testing.T) {
	a, err := http.Get("http://" + listening(t, Remote{}) + "/metrics")
	must(t, err)
	defer a.Body.Close()
	if b, err := io.ReadAll(a.Body); err != nil || !strings.Contains(string(b), `halbd_build_info{version="1.0"} 1`) {
		t.Errorf("%s %v", b, err)
	}
}
