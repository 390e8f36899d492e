package healthcheck

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/internal/clientcert"
)

// phases is how many times connect_timeout a whole HTTP check may take:
// connecting, the TLS handshake, waiting for the answer, reading it. Without
// such an end a server that drips bytes would hold a check for ever.
const phases = 4

// web is what the HTTP checks of a configuration share. It does not change;
// a reload makes another.
type web struct {
	patterns patterns
	own      *tls.Certificate // of the SSL block; nil: servers that ask for one get none
}

// newWeb reads the files of the SSL block and compiles the patterns, as far as
// before does not have them. With errors it is usable all the same: it has the
// certificate that was in use before, and lacks patterns.
func newWeb(cfg *conf.Config, before *web) (*web, error) {
	w := &web{own: before.own}
	own, err := clientcert.Load(cfg.SSL)
	if err != nil {
		err = fmt.Errorf("SSL %w; SSL_GET shows the certificate that it had before, or none", err)
	} else {
		w.own = own
	}
	var failed error
	w.patterns, failed = compilePatterns(cfg, before.patterns)
	return w, errors.Join(err, failed)
}

// slow reports whether judging an answer may take noticeable processor time,
// which does not belong into a loop with others.
func (w *web) slow(a StartProbe) bool {
	if a.Check.HTTP == nil {
		return false
	}
	p := w.patterns.of(urlOf(a.Check, a.URL).Regex)
	return p != nil && p.Backtracks()
}

// urlOf is the url that a probe asks for.
func urlOf(k *conf.Checker, index int) *conf.URL { return &k.HTTP.URLs[index%len(k.HTTP.URLs)] }

// probe asks for one url and judges status, digest and pattern.
func (w *web) probe(ctx context.Context, k *conf.Checker, index int) error {
	r := w.expect(urlOf(k, index))
	if err := w.get(ctx, k, r); err != nil {
		return err
	}
	return r.judge()
}

// Fetch asks a checker's first url with the checker's bytes and limits, and
// gives what would be hashed of the body to the writer, whatever the status.
// head is the answer's header without the empty line at its end.
func Fetch(ctx context.Context, k *conf.Checker, body io.Writer) (head []byte, status int, err error) {
	r := &response{url: &k.HTTP.URLs[0], tee: body}
	err = new(web).get(ctx, k, r)
	return r.head, r.status, err
}

// get asks for the response's url and feeds it with the answer.
func (w *web) get(ctx context.Context, k *conf.Checker, r *response) error {
	ctx, cancel := context.WithTimeout(ctx, phases*k.ConnectTimeout)
	defer cancel()
	c, err := connect(ctx, k)
	if err != nil {
		return err
	}
	raw := c
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	if k.Kind == conf.SSLGet {
		t, err := startTLS(ctx, c, k, r.url, w.own)
		if err != nil {
			return err
		}
		defer farewell(t, r.url, k.ConnectTimeout)
		c = t
	}
	c.SetDeadline(time.Now().Add(k.ConnectTimeout))
	if _, err := c.Write(appendRequest(nil, k.HTTP.Version, k.Connect, r.url)); err != nil {
		return fmt.Errorf("send the request: %w", plain(err, k.ConnectTimeout))
	}
	return receive(ctx, c, k.ConnectTimeout, r)
}

// appendRequest has keepalived's bytes: servers may tell checkers by them.
func appendRequest(b []byte, protocol string, to netip.AddrPort, u *conf.URL) []byte {
	version, connection := "1.0", ""
	switch protocol {
	case "1.1":
		version, connection = "1.1", "Connection: close\r\n"
	case "1.0C":
		connection = "Connection: close\r\n"
	}
	host := u.VirtualHost
	if host == "" {
		host = to.String()
	}
	return fmt.Appendf(b, "GET %s HTTP/%s\r\nUser-Agent: KeepAliveClient\r\n%sHost: %s\r\n\r\n", u.Path, version, connection, host)
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
