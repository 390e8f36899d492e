package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"halbd/conf"
)

const (
	// webhookTime is how long a receiver may take for one event.
	webhookTime = 10 * time.Second
	// webhookLimit is how many events may wait: those of ten thousand servers that go and return.
	webhookLimit = 20000
)

// webhook is the outbox of events for one receiver.
type webhook struct {
	*outbox[posting]
	url, name string
	client    *http.Client
}

// posting is an event on its way to a receiver.
type posting struct {
	id, name string
	at       time.Time
	body     []byte
}

func (p posting) title() string   { return p.name }
func (p posting) born() time.Time { return p.at }

// httpStatus is an answer that is no success.
type httpStatus struct {
	code int
	text string
}

func (s *httpStatus) Error() string {
	return fmt.Sprintf("the receiver answers %d %s %q", s.code, http.StatusText(s.code), s.text)
}

// forGood: the receiver does not want this event. 429 and 408 ask for patience.
func (s *httpStatus) forGood() bool {
	return s.code < 500 && s.code != http.StatusTooManyRequests && s.code != http.StatusRequestTimeout
}

func newWebhook(address string, log *slog.Logger) *webhook {
	w := &webhook{url: address, name: conf.WebhookName(address)}
	w.client = &http.Client{
		Timeout:   webhookTime,
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
		// A redirection turns a POST into a GET: the event would be lost silently.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.outbox = newOutbox("webhook "+w.name, webhookLimit, log, w.deliver)
	return w
}

// deliver posts an event. A status of 2xx says that the receiver has it.
func (w *webhook) deliver(ctx context.Context, p posting) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(p.body))
	if err != nil {
		return fmt.Errorf("%s: not an address", w.name) // the error shows the address
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", p.id)
	r.Header.Set("User-Agent", "halbd")
	answer, err := w.client.Do(r)
	if err != nil {
		if whole := (*url.Error)(nil); errors.As(err, &whole) {
			err = whole.Err // the whole error shows the address, which may be secret
		}
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
	io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return nil
	}
	return &httpStatus{answer.StatusCode, strings.ToValidUTF8(strings.TrimSpace(string(text)), "?")}
}

// close delivers what waits and lets go of the connection.
func (w *webhook) close() {
	w.outbox.close()
	w.client.CloseIdleConnections()
}
