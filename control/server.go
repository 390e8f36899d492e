// Package control is the door to a running daemon: HTTP over a unix socket.
// The server shows what a Daemon tells it and passes commands on; it judges
// nothing. The client is what `halbd status` and its kin use.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"halbd/status"
)

// Daemon is what a server shows. Its methods are called from any goroutine.
type Daemon interface {
	// Picture asks every process how it is.
	Picture(context.Context) (*status.Status, error)
	// History is what has changed lately.
	History() *status.History
	Commander
}

// Listen opens a unix socket that only its owner may connect to. A socket
// that a killed run has left is replaced: the caller holds the pid file's lock,
// so nobody serves it.
func Listen(path string) (net.Listener, error) {
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("control socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// Serve answers on l until ctx is cancelled, and closes it.
func Serve(ctx context.Context, l net.Listener, d Daemon, log *slog.Logger) {
	s := &http.Server{Handler: Handler(d, log), ConnContext: withPeer, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		log.Error("control socket: " + err.Error())
	}
}

// Handler serves /status, /events, /metrics and /healthz, and takes orders at
// /vrrp, /server and /reload.
func Handler(d Daemon, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	h := handler{d, log}
	mux.HandleFunc("GET /status", h.status)
	mux.HandleFunc("GET /healthz", h.health)
	mux.HandleFunc("GET /metrics", h.metrics)
	mux.HandleFunc("GET /events", h.events)
	mux.HandleFunc("POST /vrrp", h.vrrp)
	mux.HandleFunc("POST /server", h.server)
	mux.HandleFunc("POST /reload", h.reload)
	return mux
}

type handler struct {
	daemon Daemon
	log    *slog.Logger
}

func (h handler) picture(w http.ResponseWriter, r *http.Request) *status.Status {
	s, err := h.daemon.Picture(r.Context())
	if err != nil {
		http.Error(w, "the daemon does not answer: "+err.Error(), http.StatusServiceUnavailable)
		return nil
	}
	return s
}

func (h handler) status(w http.ResponseWriter, r *http.Request) {
	if s := h.picture(w, r); s != nil {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(s)
	}
}

func (h handler) metrics(w http.ResponseWriter, r *http.Request) {
	if s := h.picture(w, r); s != nil {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		s.Metrics(w)
	}
}

// events writes the last transitions (?last=N, 1000 without it), one JSON
// object in a line, and with ?follow=1 those to come until the client goes.
func (h handler) events(w http.ResponseWriter, r *http.Request) {
	last := 1000
	if text := r.FormValue("last"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			http.Error(w, fmt.Sprintf("last: %q is no number of transitions", text), http.StatusBadRequest)
			return
		}
		last = n
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out, e := http.NewResponseController(w), json.NewEncoder(w)
	out.Flush()
	for ev := range h.daemon.History().Last(r.Context(), last, r.FormValue("follow") == "1") {
		if e.Encode(ev) != nil || out.Flush() != nil {
			return
		}
	}
}

// health is 200 while every process answers, else 503 with the reasons.
func (h handler) health(w http.ResponseWriter, r *http.Request) {
	s := h.picture(w, r)
	if s == nil {
		return
	}
	if bad := s.Problems(); len(bad) > 0 {
		http.Error(w, strings.Join(bad, "\n"), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
