package supervise

import (
	"log/slog"
	"time"

	"halbd/healthcheck"
	"halbd/internal/ipc"
)

// The messages between the parent and a child.
const (
	msgSetup   ipc.Kind = iota + 1 // parent -> child: setup, the first message
	msgConfig                      // parent -> child: *conf.Config, at start and at each reload
	msgStop                        // parent -> child: stop gracefully
	msgTracker                     // parent -> vrrp: vrrp.TrackerResult
	msgRole                        // parent -> checker: healthcheck.Role
	msgReady                       // child -> parent
	msgEvent                       // child -> parent: event.Event
	msgLog                         // child -> parent: logLine
	msgFatal                       // child -> parent: fatal, before it ends on purpose
	msgStatus                      // parent -> child: its StatusRequest; back: the answer
	msgAlive                       // parent -> child: does its loop run? back: it does
	msgSignal                      // child -> parent: a signal that the parent acts on
	msgChains                      // vrrp -> parent: vrrp.ChainsRequest
	msgChained                     // parent -> vrrp: vrrp.ChainsDone, the answer to it
	msgFact                        // parent -> checker: healthcheck.Fact
	msgOrder                       // parent -> vrrp: vrrp.Order; parent -> checker: healthcheck.Order
	msgOrdered                     // the answer: vrrp.OrderAnswer, healthcheck.OrderAnswer
)

// role names a child process.
type role string

const (
	roleVRRP    role = "vrrp"
	roleChecker role = "checker"
	roleBFD     role = "bfd"
)

// roles lists the children in the order of their start.
var roles = []role{roleVRRP, roleChecker, roleBFD}

// setup is what a child must know beside the configuration.
type setup struct {
	PIDFile      string              `json:"pid_file"`
	DontRelease  bool                `json:"dont_release"`
	LogAddresses bool                `json:"log_addresses"`
	LogDetail    bool                `json:"log_detail"`
	Facts        []healthcheck.Fact  `json:"facts,omitempty"`  // of the checker
	Orders       []healthcheck.Order `json:"orders,omitempty"` // of the checker
}

// logLine is one line of a child's log.
type logLine struct {
	At    time.Time  `json:"at"`
	Level slog.Level `json:"level"`
	Text  string     `json:"text"`
}

// fatal says that a child cannot run at all, so that starting it again is
// pointless: the daemon ends with Status.
type fatal struct {
	Status int    `json:"status"`
	Text   string `json:"text"`
}
