package event

import (
	"fmt"
	"time"
)

// Text is the log line of a transition, in the words that operators of
// keepalived search for, with the cause. "" means that nothing is logged.
func (ev *Event) Text() string {
	tail := ""
	if ev.Cause != "" {
		tail = ": " + ev.Cause
	}
	if ev.Late >= time.Millisecond {
		tail += fmt.Sprintf(" (%v late)", ev.Late.Round(100*time.Microsecond))
	}
	switch ev.Kind {
	case BFD:
		return fmt.Sprintf("(%s) Entering %s state%s", ev.Name, map[State]string{Up: "Up", Down: "Down"}[ev.State], tail)
	case Instance:
		switch ev.State {
		case RxLowerPri:
			return fmt.Sprintf("(%s) Received a lower priority advert while MASTER%s", ev.Name, tail)
		case MasterPriority, BackupPriority:
			return fmt.Sprintf("(%s) Changing effective priority to %d%s", ev.Name, ev.Priority, tail)
		case Stop, Deleted, Held, Yielding, Released:
			return fmt.Sprintf("(%s) %s%s", ev.Name, ev.State, tail)
		}
		return fmt.Sprintf("(%s) Entering %s STATE%s", ev.Name, ev.State, tail)
	case Group:
		return fmt.Sprintf("VRRP_Group(%s) Syncing instances to %s state%s", ev.Name, ev.State, tail)
	case Table:
		return fmt.Sprintf("%s table changed by somebody else%s", ev.Name, tail)
	case VirtualServer:
		return fmt.Sprintf("Virtual server %s %s%s", ev.Name, ev.State, tail)
	case RealServer:
		return fmt.Sprintf("Real server %s of %s %s%s", ev.Name, ev.Service, ev.State, tail)
	}
	return ""
}
