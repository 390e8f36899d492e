package notify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"halbd/event"
)

// document is an event as scripts find it on their standard input and as
// webhooks get it: one line of JSON.
type document struct {
	ID       string `json:"id"`        // unique; the same when a webhook gets an event twice
	RouterID string `json:"router_id"` // who tells it
	event.Event
}

// encode never fails: an event consists of words, numbers and a time.
func (d *document) encode() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		return nil
	}
	return append(b, '\n')
}

// variables are the environment that a script gets in addition. Each is
// there, also when there is nothing to say.
func variables(ev *event.Event) []string {
	list := []string{
		"HALBD_KIND=" + string(ev.Kind),
		"HALBD_NAME=" + ev.Name,
		"HALBD_SERVICE=" + ev.Service,
		"HALBD_STATE=" + string(ev.State),
		"HALBD_PREVIOUS=" + string(ev.Previous),
		"HALBD_PRIORITY=" + strconv.Itoa(ev.Priority),
		"HALBD_CAUSE=" + ev.Cause,
		"HALBD_AT=" + ev.At.Format(time.RFC3339Nano),
	}
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], "\x00", " ") // a cause may quote a server, and the kernel takes no zero byte
	}
	return list
}
