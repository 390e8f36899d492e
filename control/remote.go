package control

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// Remote is the door for others than this host's root: /status, /events,
// /metrics and /healthz over TCP. Nothing can be ordered through it.
type Remote struct {
	Addr      netip.AddrPort
	Cert, Key string // PEM files; "": without TLS. A new certificate is taken when the file is renewed
	TokenFile string // its first line is to come as "Authorization: Bearer TOKEN"; "": anybody may look
}

const (
	// bindPause is how long it is waited when the address cannot be had: it may
	// be one that comes later.
	bindPause = 5 * time.Second
	// maxRemote is how many requests are answered at a time.
	maxRemote = 32
)

// Serve answers until ctx is cancelled.
func (r Remote) Serve(ctx context.Context, d Daemon, log *slog.Logger) {
	l := r.listen(ctx, log)
	if l == nil {
		return
	}
	s := &http.Server{Handler: r.handler(Handler(d, log)), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	serve := func() error { return s.Serve(l) }
	if r.Cert != "" {
		k := &keyPair{cert: r.Cert, key: r.Key}
		if _, err := k.get(nil); err != nil {
			log.Error(err.Error())
		}
		s.TLSConfig = &tls.Config{GetCertificate: k.get, MinVersion: tls.VersionTLS12}
		serve = func() error { return s.ServeTLS(l, "", "") }
	}
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		log.Error("control_listen: " + err.Error())
	}
}

// listen opens the address, however long that takes; nil when ctx ends first.
func (r Remote) listen(ctx context.Context, log *slog.Logger) net.Listener {
	for tries := 0; ; tries++ {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", r.Addr.String())
		if err == nil {
			return l
		}
		if tries == 0 {
			log.Error(fmt.Sprintf("control_listen: %v; it is tried again every %v", err, bindPause))
		}
		select {
		case <-time.After(bindPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// views are what can be looked at.
var views = map[string]bool{"/status": true, "/events": true, "/metrics": true, "/healthz": true}

// handler lets only those look who may, some at a time.
func (r Remote) handler(h http.Handler) http.Handler {
	room := make(chan struct{}, maxRemote)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !r.mayLook(q) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="halbd"`)
			http.Error(w, "a token is needed: Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		if !views[q.URL.Path] {
			http.NotFound(w, q)
			return
		}
		if q.Method != http.MethodGet && q.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "orders are taken on the control socket only", http.StatusMethodNotAllowed)
			return
		}
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			h.ServeHTTP(w, q)
		default:
			http.Error(w, "too many requests at a time", http.StatusServiceUnavailable)
		}
	})
}

// mayLook compares the token with the file's, which may change meanwhile. A file
// that cannot be read, or is empty, lets nobody in.
func (r Remote) mayLook(q *http.Request) bool {
	if r.TokenFile == "" {
		return true
	}
	b, err := os.ReadFile(r.TokenFile)
	want, _, _ := strings.Cut(string(b), "\n")
	want = strings.TrimSpace(want)
	got, bearer := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
	return err == nil && want != "" && bearer && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// keyPair is a certificate that is read again when its file has changed.
type keyPair struct {
	cert, key string

	mu   sync.Mutex
	at   time.Time // modification of the file that was read
	last *tls.Certificate
}

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	st, err := os.Stat(k.cert)
	if err == nil && (k.last == nil || !st.ModTime().Equal(k.at)) {
		var c tls.Certificate
		if c, err = tls.LoadX509KeyPair(k.cert, k.key); err == nil {
			k.last, k.at = &c, st.ModTime()
		}
	}
	if k.last == nil {
		return nil, fmt.Errorf("control_tls: %w", err)
	}
	return k.last, nil
}
