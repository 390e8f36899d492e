// Package digest computes the MD5 sums that HTTP_GET and SSL_GET compare with:
// what genhash does for keepalived.
package digest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/healthcheck"
)

// Question is what to ask, and whom.
type Question struct {
	Server      netip.AddrPort
	Path        string
	VirtualHost string // empty: the server's address and port
	Version     string // "1.0", "1.0C" or "1.1"
	TLS         bool
	SNI         bool // names VirtualHost in the handshake
	Mark        uint32
	Timeout     time.Duration // for connecting, and between two reads
	KeepBody    bool
}

// Answer is what came.
type Answer struct {
	Head   []byte // with the empty line at its end
	Body   []byte // with KeepBody
	Sum    [md5.Size]byte
	Status int
}

// Hex is the sum as a url block has it.
func (a *Answer) Hex() string { return hex.EncodeToString(a.Sum[:]) }

// Ask does one request. The sum covers what a check would hash: everything
// behind the header, chunk framing too, cut to Content-Length.
func Ask(ctx context.Context, q *Question) (*Answer, error) {
	k := &conf.Checker{Kind: conf.HTTPGet, Connect: q.Server, Mark: q.Mark, ConnectTimeout: q.Timeout,
		HTTP: &conf.HTTPCheck{Version: q.Version, EnableSNI: q.SNI, URLs: []conf.URL{{Path: q.Path, VirtualHost: q.VirtualHost}}}}
	if q.TLS {
		k.Kind = conf.SSLGet
	}
	sum := md5.New()
	var body bytes.Buffer
	sink := io.Writer(sum)
	if q.KeepBody {
		sink = io.MultiWriter(sum, &body)
	}
	head, status, err := healthcheck.Fetch(ctx, k, sink)
	if err != nil {
		return nil, err
	}
	a := &Answer{Head: append(head, "\r\n"...), Body: body.Bytes(), Status: status}
	sum.Sum(a.Sum[:0])
	return a, nil
}
