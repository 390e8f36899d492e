package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halbd/healthcheck"
	"halbd/status"
	"halbd/vrrp"
)

// scripted is a daemon that notes orders and answers as it is told.
type scripted struct {
	refused string
	broken  error
	vrrp    vrrp.Order
	server  healthcheck.Order
	by      string
	dry     bool
}

func (d *scripted) Picture(context.Context) (*status.Status, error) { return &status.Status{}, nil }
func (d *scripted) History() *status.History                        { return &status.History{} }
func (d *scripted) OrderVRRP(_ context.Context, o vrrp.Order) (vrrp.OrderAnswer, error) {
	d.vrrp = o
	return vrrp.OrderAnswer{Refused: d.refused, Instances: []string{o.Name}}, d.broken
}
func (d *scripted) OrderServer(_ context.Context, o healthcheck.Order) (healthcheck.OrderAnswer, error) {
	d.server = o
	return healthcheck.OrderAnswer{Refused: d.refused, Service: o.Service, Server: o.Server}, d.broken
}
func (d *scripted) Reload(_ context.Context, dry bool, by string) (*ReloadAnswer, error) {
	d.dry, d.by = dry, by
	return &ReloadAnswer{File: "f", Refused: d.refused}, d.broken
}

// serve listens on a socket until the test ends. What it logs goes to the builder.
func serve(t *testing.T, d Daemon) (path string, logged func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	log := new(lines)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Serve(ctx, l, d, slog.New(slog.NewTextHandler(log, nil)))
	}()
	t.Cleanup(func() { cancel(); <-done })
	return path, log.String
}

// lines is a log that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// An order arrives whole, and with who gives it and why on one line.
func TestOrders(t *testing.T) {
	d := new(scripted)
	path, _ := serve(t, d)
	c := Dial(path)
	who := fmt.Sprintf("uid %d", os.Getuid())
	if os.Getuid() == 0 {
		who += " (root)"
	}
	who += fmt.Sprintf(" from PID %d", os.Getpid())
	if _, err := c.VRRP(t.Context(), VRRPOrder{Action: vrrp.Switch, Name: "A", Terms: Terms{Seconds: 1.5, Force: true, Why: "a\nnew\x1bdisk "}}); err != nil {
		t.Fatal(err)
	}
	if want := (vrrp.Order{Action: vrrp.Switch, Name: "A", For: 1500 * time.Millisecond, Force: true, By: who + ": a new disk"}); d.vrrp != want {
		t.Errorf("%+v, want %+v", d.vrrp, want)
	}
	if _, err := c.Server(t.Context(), ServerOrder{Action: healthcheck.Drain, Service: "S", Server: "R", Terms: Terms{Why: strings.Repeat("x", 300)}}); err != nil {
		t.Fatal(err)
	}
	if want := (healthcheck.Order{Action: healthcheck.Drain, Service: "S", Server: "R", By: who + ": " + strings.Repeat("x", 200) + "..."}); d.server != want {
		t.Errorf("%+v, want %+v", d.server, want)
	}
	if a, err := c.Reload(t.Context(), ReloadOrder{DryRun: true}); err != nil || a.File != "f" || !d.dry || d.by != who {
		t.Errorf("%+v, %v; dry %v by %q", a, err, d.dry, d.by)
	}
}

// What cannot be done is refused with the reason and a status of its own.
func TestRefusals(t *testing.T) {
	d := new(scripted)
	path, _ := serve(t, d)
	c := Dial(path)
	for _, tc := range []struct {
		name, path, body string
		refused          string
		broken           error
		want             int
		text             string
	}{
		{"by the core", "/vrrp", `{"action":"switch","name":"A"}`, "nobody is there", nil, http.StatusConflict, "nobody is there"},
		{"by the checker", "/server", `{"action":"drain","virtual_server":"S","real_server":"R"}`, "the last", nil, http.StatusConflict, "the last"},
		{"a process that does not run", "/vrrp", `{"action":"hold","name":"A"}`, "", errors.New("the vrrp process does not run"), http.StatusServiceUnavailable, "does not run"},
		{"no JSON", "/vrrp", `switch`, "", nil, http.StatusBadRequest, "order: "},
		{"an unknown field", "/server", `{"weight":1}`, "", nil, http.StatusBadRequest, "weight"},
		{"a negative time", "/vrrp", `{"action":"hold","name":"A","for_seconds":-1}`, "", nil, http.StatusBadRequest, "no time to wait"},
		{"a time without end", "/server", `{"action":"drain","for_seconds":1e300}`, "", nil, http.StatusBadRequest, "no time to wait"},
		{"another method", "/status", `{}`, "", nil, http.StatusMethodNotAllowed, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d.refused, d.broken = tc.refused, tc.broken
			resp, err := c.http.Post("http://halbd"+tc.path, "application/json", strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if text := readAll(t, resp); resp.StatusCode != tc.want || !strings.Contains(text, tc.text) {
				t.Errorf("status %d %q, want %d %q", resp.StatusCode, text, tc.want, tc.text)
			}
		})
	}
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Who may connect may read; orders are root's and the owner's.
func TestOthersOnlyRead(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to be somebody else")
	}
	d := new(scripted)
	path, logged := serve(t, d)
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	const somebody = 4242
	order := VRRPOrder{Action: vrrp.Switch, Name: "A"}
	c := dialAs(t, path, somebody)
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("status: %v", err)
	}
	if _, err := c.VRRP(t.Context(), order); err == nil || !strings.Contains(err.Error(), "only root and the owner") {
		t.Errorf("an order of somebody: %v", err)
	}
	if text := logged(); !strings.Contains(text, "uid 4242 from PID") || !strings.Contains(text, "POST to /vrrp") {
		t.Errorf("log: %s", text)
	}
	if d.vrrp.Name != "" {
		t.Error("it was obeyed all the same")
	}
	if err := os.Chown(path, somebody, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := dialAs(t, path, somebody).VRRP(t.Context(), order); err != nil || !strings.HasPrefix(d.vrrp.By, "uid 4242 from PID") {
		t.Errorf("the owner: %v, by %q", err, d.vrrp.By)
	}
}

// dialAs is a client with one connection of another user.
func dialAs(t *testing.T, path string, uid int) *Client {
	t.Helper()
	made := make(chan net.Conn, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
			close(made)
			return
		}
		conn, err := net.Dial("unix", path)
		if err != nil {
			close(made)
			return
		}
		made <- conn
	}()
	conn, ok := <-made
	if !ok {
		t.Fatal("cannot connect as somebody else")
	}
	c := Dial(path)
	c.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// Over TCP nobody knows who is there.
func TestNoOrdersOverTCP(t *testing.T) {
	s := httptest.NewServer(Handler(new(scripted), slog.New(slog.DiscardHandler)))
	defer s.Close()
	resp, err := http.Post(s.URL+"/reload", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text := readAll(t, resp); resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "unix socket only") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}
