package supervise

import (
	"fmt"
	"time"

	"halbd/event"
)

// eventText is the log line of a transition, in the words that operators of
// keepalived search for, with the cause. "" means that nothing is logged.
func eventText(ev event.Event) string {
	tail := ""
	if ev.Cause != "" {
		tail = ": " + ev.Cause
	}
	if ev.Late >= time.Millisecond {
		tail += fmt.Sprintf(" (%v late)", ev.Late.Round(100*time.Microsecond))
	}
	switch ev.Kind {
	case event.BFD:
		return fmt.Sprintf("(%s) Entering %s state%s", ev.Name, map[event.State]string{event.Up: "Up", event.Down: "Down"}[ev.State], tail)
	case event.Instance:
		switch ev.State {
		case event.RxLowerPri:
			return fmt.Sprintf("(%s) Received a lower priority advert while MASTER%s", ev.Name, tail)
		case event.MasterPriority, event.BackupPriority:
			return fmt.Sprintf("(%s) Changing effective priority to %d%s", ev.Name, ev.Priority, tail)
		case event.Stop, event.Deleted:
			return fmt.Sprintf("(%s) %s%s", ev.Name, ev.State, tail)
		}
		return fmt.Sprintf("(%s) Entering %s STATE%s", ev.Name, ev.State, tail)
	case event.Group:
		return fmt.Sprintf("VRRP_Group(%s) Syncing instances to %s state%s", ev.Name, ev.State, tail)
	case event.Table:
		return fmt.Sprintf("%s table changed by somebody else%s", ev.Name, tail)
	case event.VirtualServer:
		return fmt.Sprintf("Virtual server %s %s%s", ev.Name, ev.State, tail)
	case event.RealServer:
		return fmt.Sprintf("Real server %s of %s %s%s", ev.Name, ev.Service, ev.State, tail)
	}
	return ""
}
