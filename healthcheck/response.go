package healthcheck

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"halbd/conf"
	"halbd/internal/pcre/match"
)

// maxHeader bounds what is kept of an answer: the head alone.
const maxHeader = 64 << 10

// response takes an HTTP answer in pieces of any size. It keeps the head and
// gives the body to a hash. It reads no clock and no socket: give what arrives
// to feed, tell end of the server's close, and then ask judge.
type response struct {
	url    *conf.URL
	head   []byte
	inBody bool
	status int
	length int64        // Content-Length; -1 when there is none
	got    int64        // bytes of the body that count
	sum    hash.Hash    // nil: nobody asks for a digest
	tee    io.Writer    // nil, or who else wants the body
	search match.Stream // nil: nobody looks for a pattern
}

// expect makes a response that will be judged by what a url block asks for.
func (w *web) expect(u *conf.URL) *response {
	r := &response{url: u}
	if u.Digest != "" {
		r.sum = md5.New()
	}
	if program := w.patterns.of(u.Regex); program != nil {
		r.search = program.Search(match.Bounds{Min: u.Regex.MinOffset, Max: u.Regex.MaxOffset})
	}
	return r
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
	if r.sum != nil {
		r.sum.Write(b)
	}
	if r.search != nil {
		r.search.Write(b)
	}
	if r.tee != nil {
		r.tee.Write(b)
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
func (r *response) judge() error {
	u := r.url
	good := false
	for _, s := range u.Status {
		good = good || r.status >= s.From && r.status <= s.To
	}
	if !good {
		return fmt.Errorf("%s: status code %d", u.Path, r.status)
	}
	if r.sum != nil {
		if got := hex.EncodeToString(r.sum.Sum(nil)); got != u.Digest {
			return fmt.Errorf("%s: digest %s, not %s", u.Path, got, u.Digest)
		}
	}
	if r.search == nil {
		return nil
	}
	found, err := r.search.Matched()
	switch {
	case err != nil:
		return fmt.Errorf("%s: regex %q: %w", u.Path, u.Regex.Pattern, err)
	case found && u.Regex.NoMatch:
		return fmt.Errorf("%s: regex %q matches", u.Path, u.Regex.Pattern)
	case !found && !u.Regex.NoMatch:
		return fmt.Errorf("%s: regex %q does not match", u.Path, u.Regex.Pattern)
	}
	return nil
}
