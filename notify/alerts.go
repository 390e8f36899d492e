package notify

import (
	"fmt"

	"halbd/event"
)

// alertOf is the mail about an event in keepalived's words; false when none
// tells of it. It does not ask whether the object wants one.
func alertOf(ev event.Event, routerID string) (a alert, ok bool) {
	a.at = ev.At
	switch ev.Kind {
	case event.Instance:
		a.subject, a.body = instanceAlert(ev)
	case event.Group:
		a.subject, a.body = groupAlert(ev)
	case event.VirtualServer:
		a.subject, a.body = fmt.Sprintf("Virtualserver %s - %s", ev.Name, ev.State), ev.Alert
	case event.RealServer, event.Checker:
		a.subject, a.body = fmt.Sprintf("Realserver %s of virtual server %s - %s", ev.Name, ev.Service, ev.State), ev.Alert
	}
	a.subject = "[" + routerID + "] " + a.subject
	return a, a.body != ""
}

func instanceAlert(ev event.Event) (subject, body string) {
	const owner, other = "VRRP Instance is now owning VRRP VIPs", "VRRP Instance is no longer owning VRRP VIPs"
	switch ev.State {
	case event.Master:
		subject, body = "Entering MASTER state", owner
	case event.Backup, event.Fault:
		subject, body = fmt.Sprintf("Entering %s state", ev.State), other
	case event.Stop:
		subject, body = "Stopping", other
	case event.Deleted:
		subject, body = "Deleted", "VRRP Deleted at reload"
	}
	return fmt.Sprintf("VRRP Instance %s - %s", ev.Name, subject), body
}

func groupAlert(ev event.Event) (subject, body string) {
	switch ev.State {
	case event.Master, event.Backup, event.Fault:
		body = fmt.Sprintf("All VRRP group instances are now in %s state", ev.State)
	}
	return fmt.Sprintf("VRRP Group %s - Entering %s state", ev.Name, ev.State), body
}
