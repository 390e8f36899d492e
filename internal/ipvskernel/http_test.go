package ipvskernel

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// page answers requests with texts, between which it pauses. Some have a
// meaning: "reset", "silent", and "drip:" before what comes slowly.
func page(texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			if line, err := in.ReadString('\n'); err != nil || line == "\r\n" {
				break
			}
		}
		for i, text := range texts {
			if i > 0 {
				time.Sleep(100 * time.Millisecond)
			}
			drip, slow := strings.CutPrefix(text, "drip:")
			switch {
			case text == "reset":
				if tcp, ok := c.(*net.TCPConn); ok {
					tcp.SetLinger(0)
				}
				return
			case text == "silent":
				io.Copy(io.Discard, in)
				return
			case slow:
				for i := range drip {
					time.Sleep(300 * time.Millisecond)
					io.WriteString(c, drip[i:i+1])
				}
			default:
				io.WriteString(c, text)
			}
		}
	}
}

const ok = "HTTP/1.0 200 OK\r\n\r\n"

func httpSpecimens() []specimen {
	length := func(n int) string { return fmt.Sprintf("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", n) }
	const hello, sum = "say hello you", "digest c77c94ad744ecc4f261c756782c10feb"
	var list []specimen
	for _, c := range []struct {
		name, url  string
		up, differ bool
		texts      []string
	}{
		{"good", "", true, false, []string{ok + hello}},
		{"404", "", false, false, []string{"HTTP/1.0 404 No\r\n\r\n" + hello}},
		{"404 that is wanted", "status_code 200 404", true, false, []string{"HTTP/1.0 404 No\r\n\r\n" + hello}},
		{"status of a range", "status_code 300-310", true, false, []string{"HTTP/1.0 301 Moved\r\n\r\n"}},
		{"301", "", false, false, []string{"HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n"}},
		{"100", "", false, false, []string{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}},
		{"HTTP/2", "", true, false, []string{"HTTP/2 200 OK\r\n\r\n"}},
		{"no space behind the status", "", false, false, []string{"HTTP/1.0 200\r\n\r\n"}},
		{"two spaces", "", false, false, []string{"HTTP/1.0  200 OK\r\n\r\n"}},
		{"status of two digits", "", false, false, []string{"HTTP/1.0 20 OK\r\n\r\n"}},
		{"status of four digits", "", false, false, []string{"HTTP/1.0 2000 OK\r\n\r\n"}},
		{"line feeds alone", "", false, false, []string{"HTTP/1.0 200 OK\n\nhello"}},
		{"empty line first", "", false, false, []string{"\r\n" + ok}},
		{"header without end", "", false, false, []string{"HTTP/1.0 200 OK\r\nX: y\r\n"}},
		{"closes at once", "", false, false, nil},
		{"resets", "", false, false, []string{"reset"}},
		{"resets in the header", "", false, false, []string{"HTTP/1.0 200", "reset"}},
		{"resets in the body", "", false, false, []string{ok + "hello", "reset"}},
		{"silent", "", false, false, []string{"silent"}},
		{"silent in the header", "", false, false, []string{"HTTP/1.0 200", "silent"}},
		{"silent in the body", "", false, false, []string{ok, "silent"}},
		{"keeps the connection open", "", false, true, []string{length(13) + hello, "silent"}},
		{"in pieces", "", true, false, []string{"HTTP/1.0 2", "00 OK\r\n", "\r\n", "hello"}},
		{"slow, but within the limit", "", true, false, []string{ok, "drip:hi"}},
		{"drips", "", true, true, []string{ok, "drip:this takes far too long"}},
		{"shorter than Content-Length", "", true, false, []string{length(50) + hello}},
		{"longer than Content-Length", "", true, false, []string{length(5) + hello}},
		{"a megabyte", "", true, false, []string{ok + strings.Repeat("x", 1<<20)}},

		{"digest", sum, true, false, []string{ok + hello}},
		{"digest in pieces", sum, true, false, []string{ok, "say", " hello", " you"}},
		{"digest of another page", sum, false, false, []string{ok + "say hallo you"}},
		{"digest up to Content-Length", "digest 5d41402abc4b2a76b9719d911017c592", true, false, []string{length(5) + "hello you"}},
		{"digest of chunks", "digest 79e9489e3bd3f0cb0158215341de046d", true, false, []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}},
		{"digest, bad status", sum, false, false, []string{"HTTP/1.0 500 Oh\r\n\r\n" + hello}},

		{"regex", `regex "hel+o"`, true, false, []string{ok + hello}},
		{"regex, no match", `regex "hal+o"`, false, false, []string{ok + hello}},
		{"regex_no_match", "regex \"hal+o\"\n regex_no_match", true, false, []string{ok + hello}},
		{"regex_no_match, found", "regex \"hel+o\"\n regex_no_match", false, false, []string{ok + hello}},
		{"regex in pieces", `regex "hello"`, true, false, []string{ok + "say h", "e", "llo you"}},
		{"regex from the beginning of the body", `regex "^say"`, true, false, []string{ok, hello}},
		{"regex for the header, body later", `regex "OK"`, false, false, []string{ok, hello}},
		{"regex for the header, body with it", `regex "OK"`, true, true, []string{ok + hello}},
		{"regex to the end", `regex "you$"`, false, true, []string{ok + hello}},
		{"regex that may go on", `regex "yo+u*"`, false, true, []string{ok + hello}},
		{"regex_options", "regex \"HELLO\"\n regex_options caseless", true, false, []string{ok + hello}},
		{"regex multiline", "regex \"^hello\"\n regex_options multiline", true, false, []string{ok + "say\nhello you"}},
		{"regex dotall", "regex \"say.hello\"\n regex_options dotall", true, false, []string{ok + "say\nhello you"}},
		{"regex without dotall", `regex "say.hello"`, false, false, []string{ok + "say\nhello you"}},
		{"regex extended", "regex \"hel lo\"\n regex_options extended", true, false, []string{ok + hello}},
		{"regex utf", "regex \"a.b\"\n regex_options utf", true, false, []string{ok + "aéb you"}},
		{"regex bytes", `regex "a.b"`, false, false, []string{ok + "aéb you"}},
		{"regex with look-behind", `regex "(?<=say )hello"`, true, false, []string{ok, "say ", "hello you"}},
		{"regex with back reference", `regex "(l)\\1o"`, true, false, []string{ok + hello}},
		{"regex with doubled backslash", `regex "\\d+ apples"`, true, false, []string{ok + "12 apples you"}},
		{"regex with single backslash", `regex "\d+ apples"`, false, false, []string{ok + "12 apples you"}},
		{"regex_min_offset", "regex \"hello\"\n regex_min_offset 4", true, false, []string{ok, hello}},
		{"behind regex_min_offset", "regex \"hello\"\n regex_min_offset 5", false, false, []string{ok, hello}},
		{"regex_max_offset", "regex \"hello\"\n regex_max_offset 4", true, false, []string{ok, hello}},
		{"before regex_max_offset", "regex \"hello\"\n regex_max_offset 3", false, false, []string{ok, hello}},
		{"regex_stack", "regex \"hello\"\n regex_stack 32768 65536", true, false, []string{ok + hello}},
		{"regex that backtracks", `regex "(a+)+$"`, false, false, []string{ok + strings.Repeat("a", 40) + "b"}},
		{"regex and digest", "regex \"hello\"\n " + sum, true, false, []string{ok + hello}},
		{"regex, wrong digest", "regex \"hello\"\n digest 5d41402abc4b2a76b9719d911017c592", false, false, []string{ok + hello}},
		{"regex, bad status", `regex "hello"`, false, false, []string{"HTTP/1.0 500 Oh\r\n\r\n" + hello}},
	} {
		list = append(list, specimen{name: "HTTP: " + c.name, kind: "HTTP_GET", opts: "url {\n path /\n " + c.url + "\n }", up: c.up, differ: c.differ,
			serve: func(d *director, at string) error { return d.serveTCP(at, page(c.texts...)) }})
	}
	return list
}

func tlsSpecimens(t *testing.T) []specimen {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1, 0), DNSNames: []string{"a.example"}} // expired
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	config := func(edit func(*tls.Config)) *tls.Config {
		cfg := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		if edit != nil {
			edit(cfg)
		}
		return cfg
	}
	only := func(version uint16) *tls.Config {
		return config(func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
	}
	named := func(name string) *tls.Config {
		return config(func(c *tls.Config) {
			c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				if h.ServerName != name {
					return nil, errors.New("who?")
				}
				return nil, nil
			}
		})
	}
	var list []specimen
	for _, s := range []struct {
		name, opts, url string
		up, differ      bool
		cfg             *tls.Config
		texts           []string
	}{
		{"expired, self-signed", "", "", true, false, config(nil), []string{ok + "hello"}},
		{"TLS 1.3", "", "", true, false, only(tls.VersionTLS13), []string{ok + "hello"}},
		{"TLS 1.2", "", "", true, false, only(tls.VersionTLS12), []string{ok + "hello"}},
		{"TLS 1.1", "", "", false, true, only(tls.VersionTLS11), []string{ok + "hello"}}, // as Debian's OpenSSL has it
		{"TLS 1.0", "", "", false, true, only(tls.VersionTLS10), []string{ok + "hello"}},
		{"wants a certificate", "", "", false, false, config(func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), []string{ok}},
		{"digest", "", "digest 5d41402abc4b2a76b9719d911017c592", true, false, config(nil), []string{ok, "hel", "lo"}},
		{"regex, no match", "", `regex "hallo"`, false, false, config(nil), []string{ok + "hello you"}},
		{"no name without enable_sni", "virtualhost a.example", "", true, false, named(""), []string{ok}},
		{"SNI: virtualhost of the checker", "enable_sni\n virtualhost a.example", "", true, false, named("a.example"), []string{ok}},
		{"SNI: virtualhost of the url", "enable_sni\n virtualhost a.example", "virtualhost b.example", true, false, named("b.example"), []string{ok}},
		{"SNI: another name", "enable_sni\n virtualhost c.example", "", false, false, named("a.example"), []string{ok}},
		{"silent in the body", "", "", false, false, config(nil), []string{ok, "silent"}},
		{"404", "", "", false, false, config(nil), []string{"HTTP/1.0 404 No\r\n\r\n"}},
	} {
		list = append(list, specimen{name: "SSL: " + s.name, kind: "SSL_GET", opts: s.opts + "\n url {\n path /\n " + s.url + "\n }", up: s.up, differ: s.differ,
			serve: func(d *director, at string) error {
				return d.serveTCP(at, func(c net.Conn) {
					t := tls.Server(c, s.cfg)
					defer t.Close()
					page(s.texts...)(t)
				})
			}})
	}
	for name, f := range map[string]func(net.Conn){
		"no TLS":           page("HTTP/1.0 400 Bad\r\n\r\n"),
		"closes at once":   func(net.Conn) {},
		"resets":           func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) },
		"resets the hello": func(c net.Conn) { c.Read(make([]byte, 100)); c.(*net.TCPConn).SetLinger(0) },
		"alert":            func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) },
		"silent":           func(c net.Conn) { io.Copy(io.Discard, c) },
	} {
		list = append(list, specimen{name: "SSL: " + name, kind: "SSL_GET", opts: "url {\n path /\n }", serve: func(d *director, at string) error { return d.serveTCP(at, f) }})
	}
	return list
}

// What HTTP_GET and SSL_GET make of what servers do.
func TestHTTPVerdicts(t *testing.T) { testVerdicts(t, append(httpSpecimens(), tlsSpecimens(t)...)) }

// Several urls, one after another or with fast_recovery, and retries.
func TestHTTPTables(t *testing.T) {
	urls := " url {\n path /a\n regex \"hel+o\"\n }\n url {\n path /b\n regex \"o you\"\n }\n url {\n path /c\n status_code 200\n }\n"
	playScenarios(t, []scenario{{
		name: "http several urls",
		conf: vs("10.50.0.1 80", serviceHead, rs(1, 1, check("HTTP_GET", urls))+rs(2, 2, check("HTTP_GET", urls+" fast_recovery\n"))+rs(3, 3, check("HTTP_GET", "retry 0\n"+urls))),
		steps: []step{
			answers(1, 200, "hello you\n"), answers(2, 200, "hello you\n"), answers(3, 200, "hello you\n"),
			answers(1, 200, "hallo you\n"), answers(2, 200, "hello to you\n"), answers(3, 500, "hello you\n"),
			answers(1, 200, "hello you\n"), answers(2, 200, "hello you\n"), answers(3, 200, "hello you\n"),
			down(1, 2), up(2),
		},
	}})
}
