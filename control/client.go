package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"strings"
	"syscall"

	"halbd/event"
	"halbd/status"
)

// Client talks to a running daemon.
type Client struct {
	path string
	http http.Client
}

// Dial returns a client of the socket at path; it connects at the first request.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Get asks for a path. The caller closes the body.
func (c *Client) Get(ctx context.Context, path string) (io.ReadCloser, error) {
	return c.do(ctx, http.MethodGet, path, nil)
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://halbd"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.plain(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return nil, errors.New(strings.TrimSpace(string(text)))
}

// plain says what an operator can do about a socket that does not answer.
func (c *Client) plain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no control socket %s: halbd does not run, or has another one (--socket, --pid)", c.path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody answers on %s: halbd does not run", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("control socket %s: permission denied", c.path)
	}
	return err
}

// Events gives the last n transitions and, with follow, those to come until ctx
// ends or the daemon does.
func (c *Client) Events(ctx context.Context, n int, follow bool) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		path := fmt.Sprintf("/events?last=%d", n)
		if follow {
			path += "&follow=1"
		}
		body, err := c.Get(ctx, path)
		if err != nil {
			yield(event.Event{}, err)
			return
		}
		defer body.Close()
		for d := json.NewDecoder(body); ; {
			var e event.Event
			err := d.Decode(&e)
			if errors.Is(err, io.EOF) || ctx.Err() != nil || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Status asks for a picture of the daemon.
func (c *Client) Status(ctx context.Context) (*status.Status, error) {
	body, err := c.Get(ctx, "/status")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	s := new(status.Status)
	if err := json.NewDecoder(body).Decode(s); err != nil {
		return nil, fmt.Errorf("answer of the daemon: %w", err)
	}
	return s, nil
}
