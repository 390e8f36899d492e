package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Web is an HTTP server in a node that gives every request the same answer.
type Web struct {
	server *http.Server
	answer atomic.Pointer[answer]
}

type answer struct {
	status int
	text   string
}

// Serve starts a web server at an address of a node.
func (n *Net) Serve(node, addr, text string) (*Web, error) {
	var l net.Listener
	err := n.Inside(node, func() (err error) {
		l, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	w := &Web{}
	w.Answer(http.StatusOK, text)
	w.server = &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		a := w.answer.Load()
		rw.WriteHeader(a.status)
		io.WriteString(rw, a.text)
	})}
	w.server.SetKeepAlivesEnabled(false)
	go w.server.Serve(l)
	return w, nil
}

// Answer changes what the requests from now on are told.
func (w *Web) Answer(status int, text string) { w.answer.Store(&answer{status, text}) }

// Close stops listening and ends every connection.
func (w *Web) Close() { w.server.Close() }

// Get asks for a page over a connection of its own, as a client in a node, and
// returns the text of the answer.
func (n *Net) Get(node, addr string, limit time.Duration) (string, error) {
	var text string
	err := n.Inside(node, func() (err error) {
		text, err = get(addr, limit)
		return err
	})
	return text, err
}

// Client sends one request after another until ctx ends, and hands each
// outcome to seen.
func (n *Net) Client(ctx context.Context, node, addr string, pause, limit time.Duration, seen func(text string, err error)) error {
	return n.Inside(node, func() error {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			seen(get(addr, limit))
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
}

// get must open its socket on the calling thread, so it is not http.Client's work.
func get(addr string, limit time.Duration) (string, error) {
	c, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(limit))
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", addr); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	if err != nil {
		return "", err
	}
	_, body, found := strings.Cut(string(b), "\r\n\r\n")
	if !found {
		return "", errors.New("no HTTP answer")
	}
	return body, nil
}
