package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"halbd/conf/diff"
	"halbd/healthcheck"
	"halbd/vrrp"
)

// VRRPOrder is the body of POST /vrrp.
type VRRPOrder struct {
	Action vrrp.OrderAction `json:"action"` // switch, hold, release
	Name   string           `json:"name"`   // of an instance or a sync group
	Terms
}

// ServerOrder is the body of POST /server.
type ServerOrder struct {
	Action  healthcheck.OrderAction `json:"action"` // drain, disable, enable
	Service string                  `json:"virtual_server"`
	Server  string                  `json:"real_server"`
	Terms
}

// Terms are common to orders.
type Terms struct {
	Seconds float64 `json:"for_seconds,omitempty"` // 0: without a limit
	Force   bool    `json:"force,omitempty"`
	Why     string  `json:"why,omitempty"`
}

// ReloadOrder is the body of POST /reload.
type ReloadOrder struct {
	DryRun bool   `json:"dry_run,omitempty"`
	Why    string `json:"why,omitempty"`
}

// ReloadAnswer says what a reload has done or, of a dry run, would do.
type ReloadAnswer struct {
	File        string        `json:"file"`
	Refused     string        `json:"refused,omitempty"` // why; the running configuration stays
	Errors      int           `json:"errors"`
	Warnings    int           `json:"warnings"`
	Diagnostics []string      `json:"diagnostics,omitempty"`
	Changes     []diff.Change `json:"changes,omitempty"` // of a dry run
}

// Commander obeys orders. By says who gives one, and why.
type Commander interface {
	OrderVRRP(context.Context, vrrp.Order) (vrrp.OrderAnswer, error)
	OrderServer(context.Context, healthcheck.Order) (healthcheck.OrderAnswer, error)
	Reload(ctx context.Context, dryRun bool, by string) (*ReloadAnswer, error)
}

// Peer is who is at the other end of a connection.
type Peer struct {
	UID uint32
	PID int32
	May bool // give orders
}

// String is like "uid 0 (root) from PID 1234".
func (p Peer) String() string {
	name := ""
	if n := accountName(p.UID); n != "" {
		name = " (" + n + ")"
	}
	return fmt.Sprintf("uid %d%s from PID %d", p.UID, name, p.PID)
}

// accountName looks a user up in /etc/passwd; "" when it is not there.
func accountName(uid uint32) string {
	b, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.SplitN(line, ":", 4); len(f) == 4 && f[2] == strconv.FormatUint(uint64(uid), 10) {
			return f[0]
		}
	}
	return ""
}

type peerKey struct{}

// withPeer notes who is at the other end of a unix socket. Root may give
// orders, and the owner of the socket.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ctx
	}
	var cred *unix.Ucred
	if raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, Peer{UID: cred.Uid, PID: cred.Pid, May: cred.Uid == 0 || ownedBy(u.LocalAddr().String(), cred.Uid)})
}

func ownedBy(path string, uid uint32) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && sys.Uid == uid
}

// maxOrder bounds the body of an order (bytes).
const maxOrder = 64 << 10

// order reads an order and says who gives it; false: it was answered already.
func (h handler) order(w http.ResponseWriter, r *http.Request, to any, why *string) (by string, ok bool) {
	peer, known := r.Context().Value(peerKey{}).(Peer)
	if !known {
		http.Error(w, "orders are taken on the unix socket only", http.StatusForbidden)
		return "", false
	}
	if !peer.May {
		h.log.Warn(fmt.Sprintf("control socket: %s to %s by %v is refused: only root and the owner of the socket give orders", r.Method, r.URL.Path, peer))
		http.Error(w, "only root and the owner of the control socket give orders", http.StatusForbidden)
		return "", false
	}
	d := json.NewDecoder(io.LimitReader(r.Body, maxOrder))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		http.Error(w, "order: "+err.Error(), http.StatusBadRequest)
		return "", false
	}
	by = peer.String()
	if text := oneLine(*why); text != "" {
		by += ": " + text
	}
	return by, true
}

// maxWhy bounds the reason of an order (characters).
const maxWhy = 200

// oneLine makes a text fit to stand in a log line.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(text); len(r) > maxWhy {
		text = string(r[:maxWhy]) + "..."
	}
	return text
}

// duration is the time of an order.
func (t *Terms) duration(w http.ResponseWriter) (d time.Duration, ok bool) {
	if t.Seconds < 0 || t.Seconds > math.MaxInt32 {
		http.Error(w, fmt.Sprintf("for_seconds: %v is no time to wait", t.Seconds), http.StatusBadRequest)
		return 0, false
	}
	return time.Duration(t.Seconds * float64(time.Second)), true
}

func (h handler) vrrp(w http.ResponseWriter, r *http.Request) {
	var o VRRPOrder
	by, ok := h.order(w, r, &o, &o.Why)
	if !ok {
		return
	}
	if d, ok := o.duration(w); ok {
		a, err := h.daemon.OrderVRRP(r.Context(), vrrp.Order{Action: o.Action, Name: o.Name, For: d, Force: o.Force, By: by})
		answer(w, a, a.Refused, err)
	}
}

func (h handler) server(w http.ResponseWriter, r *http.Request) {
	var o ServerOrder
	by, ok := h.order(w, r, &o, &o.Why)
	if !ok {
		return
	}
	if d, ok := o.duration(w); ok {
		a, err := h.daemon.OrderServer(r.Context(), healthcheck.Order{Action: o.Action, Service: o.Service, Server: o.Server, For: d, Force: o.Force, By: by})
		answer(w, a, a.Refused, err)
	}
}

func (h handler) reload(w http.ResponseWriter, r *http.Request) {
	var o ReloadOrder
	if by, ok := h.order(w, r, &o, &o.Why); ok {
		a, err := h.daemon.Reload(r.Context(), o.DryRun, by)
		answer(w, a, "", err)
	}
}

// answer is 200 with JSON, 409 with the reason of a refusal, or 503.
func answer(w http.ResponseWriter, a any, refused string, err error) {
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case refused != "":
		http.Error(w, refused, http.StatusConflict)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a)
	}
}

// VRRP gives an order to an instance or a sync group.
func (c *Client) VRRP(ctx context.Context, o VRRPOrder) (a vrrp.OrderAnswer, err error) {
	return a, c.post(ctx, "/vrrp", o, &a)
}

// Server gives an order to a real server.
func (c *Client) Server(ctx context.Context, o ServerOrder) (a healthcheck.OrderAnswer, err error) {
	return a, c.post(ctx, "/server", o, &a)
}

// Reload reloads the configuration and waits for the end.
func (c *Client) Reload(ctx context.Context, o ReloadOrder) (a ReloadAnswer, err error) {
	return a, c.post(ctx, "/reload", o, &a)
}

func (c *Client) post(ctx context.Context, path string, order, answer any) error {
	b, err := json.Marshal(order)
	if err != nil {
		return err
	}
	body, err := c.do(ctx, http.MethodPost, path, strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(answer); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("answer of the daemon: %w", err)
	}
	return nil
}
