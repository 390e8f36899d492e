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
	own *tls.Certificate // of the SSL block; nil: servers that ask for one get none
}

// newWeb reads the files of the SSL block. With an error it is usable, without a certificate.
func newWeb(cfg *conf.Config) (*web, error) {
	own, err := clientcert.Load(cfg.SSL)
	if err != nil {
		err = fmt.Errorf("SSL %w", err)
	}
	return &web{own: own}, err
}

// probe asks for one url and judges status, digest and pattern.
func (w *web) probe(ctx context.Context, k *conf.Checker, index int) error {
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
		t, err := startTLS(ctx, c, k, u, w.own)
		if err != nil {
			return err
		}
		defer farewell(t, u, k.ConnectTimeout)
		c = t
	}
	c.SetDeadline(time.Now().Add(k.ConnectTimeout))
	if _, err := c.Write(request(k, u)); err != nil {
		return fmt.Errorf("send the request: %w", plain(err, k.ConnectTimeout))
	}
	r := w.expect(u)
	if err := receive(ctx, c, k.ConnectTimeout, r); err != nil {
		return err
	}
	return r.judge()
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
