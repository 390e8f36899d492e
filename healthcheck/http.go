package healthcheck

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"halbd/conf"
)

// phases is how many times connect_timeout a whole HTTP check may take:
// connecting, the TLS handshake, waiting for the answer, reading it. Without
// such an end a server that drips bytes would hold a check for ever.
const phases = 4

// probeHTTP asks for one url and judges status and digest.
func probeHTTP(ctx context.Context, k *conf.Checker, index int) error {
	u := &k.HTTP.URLs[index%len(k.HTTP.URLs)]
	ctx, cancel := context.WithTimeout(ctx, phases*k.ConnectTimeout)
	defer cancel()
	raw, err := connect(ctx, k)
	if err != nil {
		return err
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	c := raw
	if k.Kind == conf.SSLGet {
		if c, err = startTLS(ctx, c, k, u); err != nil {
			return err
		}
	}
	c.SetDeadline(time.Now().Add(k.ConnectTimeout))
	if _, err := c.Write(request(k, u)); err != nil {
		return fmt.Errorf("send the request: %w", plain(err, k.ConnectTimeout))
	}
	var sum hash.Hash
	if u.Digest != "" {
		sum = md5.New()
	}
	r := response{body: sum}
	if err := receive(ctx, c, k.ConnectTimeout, &r); err != nil {
		return err
	}
	return r.judge(u)
}

// startTLS talks any version to any certificate, as keepalived does: the check
// asks whether the service answers, not who it is.
func startTLS(ctx context.Context, c net.Conn, k *conf.Checker, u *conf.URL) (net.Conn, error) {
	cfg := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, ServerName: serverNameIndication(k, u)}
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
		}
	}
	t := tls.Client(c, cfg)
	ctx, cancel := context.WithTimeout(ctx, k.ConnectTimeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", plain(err, k.ConnectTimeout))
	}
	return t, nil
}

// serverNameIndication is empty, so that none is sent, without enable_sni.
func serverNameIndication(k *conf.Checker, u *conf.URL) string {
	switch {
	case !k.HTTP.EnableSNI:
		return ""
	case k.HTTP.SNI != "":
		return k.HTTP.SNI
	}
	return u.VirtualHost
}

// request has keepalived's bytes: servers may tell checkers by them.
func request(k *conf.Checker, u *conf.URL) []byte {
	version, connection := "1.0", ""
	switch k.HTTP.Version {
	case "1.1":
		version, connection = "1.1", "Connection: close\r\n"
	case "1.0C":
		connection = "Connection: close\r\n"
	}
	host := u.VirtualHost
	if host == "" {
		host = netip.AddrPortFrom(k.Connect.Addr(), k.Connect.Port()).String()
	}
	return fmt.Appendf(nil, "GET %s HTTP/%s\r\nUser-Agent: KeepAliveClient\r\n%sHost: %s\r\n\r\n", u.Path, version, connection, host)
}

// receive reads until the answer is complete or the server closes. Each read
// may take the idle limit.
func receive(ctx context.Context, c net.Conn, idle time.Duration, r *response) error {
	buf := make([]byte, 4096)
	for {
		c.SetReadDeadline(time.Now().Add(idle))
		n, err := c.Read(buf)
		done, perr := r.feed(buf[:n])
		switch {
		case perr != nil:
			return perr
		case done:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // TLS without a farewell is an end too
			return r.end()
		case ctx.Err() != nil:
			return fmt.Errorf("the answer is not complete within %v", phases*idle)
		case err != nil:
			return fmt.Errorf("read the answer: %w", plain(err, idle))
		}
	}
}

// maxHeader bounds what is kept of an answer: the head alone.
const maxHeader = 64 << 10

// response takes an HTTP answer in pieces of any size. It keeps the head and
// gives the body to a hash.
type response struct {
	head   []byte
	inBody bool
	status int
	length int64     // Content-Length; -1 when there is none
	got    int64     // bytes of the body that count
	body   hash.Hash // nil: nobody asks for a digest
}

var errHead = errors.New("the server closed the connection before the end of the HTTP header")

// feed takes the next bytes; done means that nothing more is needed.
func (r *response) feed(b []byte) (done bool, err error) {
	if !r.inBody {
		r.head = append(r.head, b...)
		i := bytes.Index(r.head, []byte("\r\n\r\n"))
		if i < 0 {
			if len(r.head) > maxHeader {
				return false, fmt.Errorf("the HTTP header is longer than %d bytes", maxHeader)
			}
			return false, nil
		}
		b = r.head[i+4:]
		r.head, r.inBody = r.head[:i+2], true
		if err := r.parseHead(); err != nil {
			return false, err
		}
	}
	if r.length >= 0 && int64(len(b)) > r.length-r.got {
		b = b[:r.length-r.got] // the digest covers Content-Length bytes
	}
	r.got += int64(len(b))
	if r.body != nil {
		r.body.Write(b)
	}
	return r.length >= 0 && r.got >= r.length, nil
}

// end is the server's close.
func (r *response) end() error {
	if !r.inBody {
		return errHead
	}
	return nil
}

// parseHead reads the status line, which must have a space behind the number,
// and Content-Length, which is matched with its case, as keepalived does.
func (r *response) parseHead() error {
	line, rest, _ := strings.Cut(string(r.head), "\r\n")
	version, after, found := strings.Cut(line, " ")
	if !found || !strings.HasPrefix(version, "HTTP/") || len(after) < 4 || after[3] != ' ' {
		return fmt.Errorf("the answer has no HTTP status: %.40q", line)
	}
	n, err := strconv.ParseUint(after[:3], 10, 16)
	if err != nil {
		return fmt.Errorf("the answer has no HTTP status: %.40q", line)
	}
	r.status, r.length = int(n), -1
	for l := range strings.SplitSeq(rest, "\r\n") {
		if v, ok := strings.CutPrefix(l, "Content-Length:"); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil && n >= 0 {
				r.length = n
			}
		}
	}
	return nil
}

// judge compares with what the url block asks for.
func (r *response) judge(u *conf.URL) error {
	good := false
	for _, s := range u.Status {
		good = good || r.status >= s.From && r.status <= s.To
	}
	if !good {
		return fmt.Errorf("%s: status code %d", u.Path, r.status)
	}
	if u.Digest == "" {
		return nil
	}
	if got := hex.EncodeToString(r.body.Sum(nil)); got != u.Digest {
		return fmt.Errorf("%s: digest %s, not %s", u.Path, got, u.Digest)
	}
	return nil
}
