package supervise

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Syslog facilities of RFC 3164.
const (
	FacilityUser   = 1
	FacilityDaemon = 3
	FacilityLocal0 = 16
)

// journal writes log lines to standard error and to syslog from a goroutine of
// its own: a syslog daemon that hangs must not stop the parent.
type journal struct {
	console  io.Writer // nil: none
	facility int
	syslog   bool
	suffix   string // _instance, of the idents

	mu     sync.Mutex // guards closed, so that a late line is dropped
	closed bool
	lines  chan *journalLine
	done   chan struct{}
	conn   net.Conn
}

type journalLine struct {
	logLine
	ident string
	pid   int
}

// Idents of keepalived, which log filters on existing hosts look for.
const (
	identParent  = "Keepalived"
	identVRRP    = "Keepalived_vrrp"
	identChecker = "Keepalived_healthcheckers"
	identBFD     = "Keepalived_bfd"
)

const journalQueue = 8192

func newJournal(o *Options) *journal {
	j := &journal{facility: o.Facility, syslog: !o.NoSyslog, lines: make(chan *journalLine, journalQueue), done: make(chan struct{})}
	if o.LogConsole {
		j.console = os.Stderr
	}
	if j.facility == 0 {
		j.facility = FacilityDaemon
	}
	go j.run()
	return j
}

// add queues a line; when thousands wait, it is lost rather than waited for.
func (j *journal) add(l journalLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	select {
	case j.lines <- &l:
	default:
	}
}

func (j *journal) run() {
	defer close(j.done)
	for l := range j.lines {
		if j.console != nil {
			fmt.Fprintf(j.console, "%s: %s\n", l.At.Format("Mon Jan _2 15:04:05 2006"), l.Text)
		}
		if j.syslog {
			j.send(*l)
		}
	}
	if j.conn != nil {
		j.conn.Close()
	}
}

const syslogTimeout = time.Second

// send writes one RFC 3164 datagram without a newline, as keepalived does.
func (j *journal) send(l journalLine) {
	if j.conn == nil {
		c, err := net.Dial("unixgram", "/dev/log")
		if err != nil {
			return // no syslog here: the console, if any, has the line
		}
		j.conn = c
	}
	severity := 6
	if l.Level >= slog.LevelError {
		severity = 3
	} else if l.Level >= slog.LevelWarn {
		severity = 4
	}
	j.conn.SetWriteDeadline(time.Now().Add(syslogTimeout))
	_, err := fmt.Fprintf(j.conn, "<%d>%s %s%s[%d]: %s", j.facility<<3|severity, l.At.Format(time.Stamp), l.ident, j.suffix, l.pid, l.Text)
	if err != nil {
		j.conn.Close()
		j.conn = nil
	}
}

// close writes what is queued and ends.
func (j *journal) close() {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.lines)
	}
	j.mu.Unlock()
	<-j.done
}

// textHandler is a slog.Handler that turns a record into the one line that the
// operator reads, and gives it to emit.
type textHandler struct {
	level slog.Level
	attrs string
	emit  func(logLine)
}

func (h *textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, a)
		return true
	})
	h.emit(logLine{At: r.Time, Level: r.Level, Text: b.String()})
	return nil
}

func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, a)
	}
	return &textHandler{level: h.level, attrs: b.String(), emit: h.emit}
}

// WithGroup keeps the attributes flat: a log line has no use for nesting.
func (h *textHandler) WithGroup(string) slog.Handler { return h }

func writeAttr(b *strings.Builder, a slog.Attr) {
	v := a.Value.Resolve().String()
	if v == "" || strings.ContainsAny(v, " \t\n\"=") {
		v = fmt.Sprintf("%q", v)
	}
	fmt.Fprintf(b, " %s=%s", a.Key, v)
}

// level is what -D changes.
func level(detail bool) slog.Level {
	if detail {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
