package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"halbd/conf"
	"halbd/event"
)

// receiver answers requests without a network: a bubble has none.
type receiver struct {
	mu     sync.Mutex
	status int
	err    error
	got    []string // the states of events it has taken
	ids    []string // of every attempt
	body   string
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	b, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, q.Header.Get("Idempotency-Key"))
	if r.err != nil {
		return nil, r.err
	}
	if r.status/100 == 2 {
		var d document
		json.Unmarshal(b, &d)
		r.got = append(r.got, string(d.State))
		r.body = string(b)
	}
	return &http.Response{StatusCode: r.status, Body: io.NopCloser(strings.NewReader("because")), Header: http.Header{"Location": {"http://elsewhere/"}}}, nil
}

// becomes makes it answer otherwise.
func (r *receiver) becomes(status int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.err = status, err
}

func hooked(log *lines) (*Notifier, *receiver) {
	cfg := &conf.Config{Global: conf.Global{RouterID: "lb1", NotifyWebhooks: []string{"https://user:secret@hooks.example.org/secret"}}}
	n := New(cfg, slog.New(slog.NewTextHandler(log, nil)))
	r := &receiver{status: 204}
	n.webhooks[0].client.Transport = r
	return n, r
}

func tellStates(n *Notifier, states ...event.State) {
	for _, s := range states {
		n.Publish(event.Event{Kind: event.Instance, Name: "V", State: s, At: time.Now()})
	}
}

// A receiver that is away gets everything in order when it is back; nobody waited.
func TestWebhookRetriesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		n, r := hooked(&log)
		defer n.Close(context.Background())
		r.becomes(0, errors.New("connection refused"))
		begin := time.Now()
		tellStates(n, event.Master, event.Backup)
		if time.Since(begin) != 0 {
			t.Errorf("telling took %v", time.Since(begin))
		}
		time.Sleep(20 * time.Second) // attempts after 0, 1, 3, 7, 15 s
		synctest.Wait()
		if len(r.ids) != 5 || r.ids[0] != r.ids[4] {
			t.Errorf("attempts %q", r.ids)
		}
		if s := n.Status().Webhooks[0]; s.Retries != 5 || s.Waiting != 2 || !strings.Contains(s.Error, "refused") || s.Name != "https://hooks.example.org" {
			t.Errorf("%+v", s)
		}
		r.becomes(503, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.becomes(200, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		tellStates(n, event.Fault)
		synctest.Wait()
		if got := strings.Join(r.got, " "); got != "MASTER BACKUP FAULT" {
			t.Errorf("got %s", got)
		}
		if s := n.Status().Webhooks[0]; s.Delivered != 3 || s.Lost != 0 || s.Waiting != 0 || s.Error != "" {
			t.Errorf("%+v", s)
		}
		if log.has("secret") || !log.has("connection refused") {
			t.Error("log: ", log.text.String())
		}
	})
}

// Which answers mean what.
func TestWebhookAnswers(t *testing.T) {
	for status, lost := range map[int]bool{200: false, 202: false, 301: true, 302: true, 400: true, 404: true, 408: false, 410: true, 429: false, 500: false, 503: false} {
		synctest.Test(t, func(t *testing.T) {
			var log lines
			n, r := hooked(&log)
			defer n.Close(context.Background())
			r.becomes(status, nil)
			tellStates(n, event.Master)
			synctest.Wait()
			r.becomes(200, nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := len(r.got); got == 1 == lost || n.Status().Webhooks[0].Lost == 1 != lost {
				t.Errorf("%d: %d delivered, %+v", status, got, n.Status().Webhooks[0])
			}
		})
	}
}

// What a receiver gets, and of what: also of events that no script is told of,
// but not of single checkers.
func TestWebhookEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		n, r := hooked(&log)
		defer n.Close(context.Background())
		n.Publish(event.Event{Kind: event.Instance, Name: "V", State: event.MasterPriority, Quiet: true, At: time.Now()})
		n.Publish(event.Event{Kind: event.Checker, Name: "R", State: event.Down, At: time.Now()})
		n.Publish(event.Event{Kind: event.BFD, Name: "B", State: event.Up, Quiet: true, At: time.Now()})
		n.Publish(event.Event{Kind: event.RealServer, Name: "R", Service: "S", State: event.Down, Cause: "TCP_CHECK: refused", At: mailAt.Add(time.Since(mailAt))})
		synctest.Wait()
		if got := strings.Join(r.got, " "); got != "MASTER_PRIORITY UP DOWN" {
			t.Errorf("got %s", got)
		}
		if !strings.Contains(r.body, `"router_id":"lb1","kind":"RS","name":"R","service":"S","state":"DOWN","cause":"TCP_CHECK: refused","at":"`) {
			t.Error(r.body)
		}
	})
}

// A reload keeps what waits for a receiver that stays.
func TestWebhookOverAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		n, r := hooked(&log)
		defer n.Close(context.Background())
		r.becomes(0, errors.New("away"))
		tellStates(n, event.Master)
		synctest.Wait()
		n.Reload(&conf.Config{Global: conf.Global{NotifyWebhooks: []string{n.webhooks[0].url}}})
		r.becomes(200, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.got) != 1 {
			t.Errorf("got %v", r.got)
		}
		n.Reload(&conf.Config{})
		tellStates(n, event.Backup)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.got) != 1 || len(n.Status().Webhooks) != 0 {
			t.Errorf("after the webhook is gone: %v", r.got)
		}
	})
}
