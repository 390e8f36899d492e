package status

import "halbd/notify"

// notify writes what has become of notifications.
func (m *exposition) notify(s *notify.Status) {
	r := &s.Runs
	m.counter("halbd_notify_runs_total", "Runs of notify scripts by result; superseded ones were left out by notify_coalesce.")
	for _, c := range []struct {
		result string
		n      uint64
	}{{"succeeded", r.Succeeded}, {"failed", r.Failed}, {"timed_out", r.TimedOut}, {"not_started", r.NotStarted}, {"superseded", r.Superseded}} {
		m.value(float64(c.n), label{"result", c.result})
	}
	m.family("halbd_notify_duration_seconds", "summary", "How long notify scripts ran.")
	m.name = "halbd_notify_duration_seconds_sum"
	m.value(r.Seconds)
	m.name = "halbd_notify_duration_seconds_count"
	m.value(float64(r.Succeeded + r.Failed + r.TimedOut))
	m.gauge("halbd_notify_running", "Notify scripts that run.")
	m.value(float64(r.Running))
	m.gauge("halbd_notify_waiting", "Notify scripts that wait for an earlier one of their object.")
	m.value(float64(r.Waiting))

	sinks := []notify.Webhook{{Name: "mail", Delivery: s.Mails}}
	sinks = append(sinks, s.Webhooks...)
	m.counter("halbd_notify_deliveries_total", "Mails, and events for webhooks, by result; retries are attempts that failed and are made again.")
	for _, w := range sinks {
		m.value(float64(w.Delivered), label{"sink", w.Name}, label{"result", "delivered"})
		m.value(float64(w.Lost), label{"sink", w.Name}, label{"result", "lost"})
		m.value(float64(w.Retries), label{"sink", w.Name}, label{"result", "retried"})
	}
	m.gauge("halbd_notify_deliveries_waiting", "Mails, and events for webhooks, that wait.")
	for _, w := range sinks {
		m.value(float64(w.Waiting), label{"sink", w.Name})
	}
}
