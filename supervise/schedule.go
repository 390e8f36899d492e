package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"halbd/track"
)

// schedule is the reload that reload_time_file asks for.
type schedule struct {
	path  string    // "": no such file is configured
	at    time.Time // zero: nothing is scheduled
	daily bool      // the file has a time of day only
	timer *time.Timer
	stop  func() // ends following the file
}

type (
	// timeFile is the first line of a reload_time_file; ok is false without the file.
	timeFile struct {
		path, line string
		ok         bool
	}
	// reloadDue says that the time for a reload may have come.
	reloadDue struct{ at time.Time }
)

const timeLayout = time.DateTime

// reloadTime reads a line of a reload_time_file: a time of day, with a date if
// it is to be once, in local time or, with a Z behind it, in UTC.
func reloadTime(line string, now time.Time) (at time.Time, daily bool, err error) {
	text, utc := strings.CutSuffix(line, "Z")
	zone := now.Location()
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{time.TimeOnly, "06-01-02 " + time.TimeOnly, time.DateTime} {
		t, err := time.ParseInLocation(layout, text, zone)
		if err != nil || t.Format(layout) != text { // Go takes a fraction of a second too, and other blanks
			continue
		}
		switch layout {
		case time.TimeOnly:
			y, m, d := now.In(zone).Date()
			on := func(d int) time.Time { return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, zone) }
			if at = on(d); !at.After(now) {
				at = on(d + 1)
			}
			return at, true, nil
		case time.DateTime:
		default:
			t = time.Date(2000+t.Year()%100, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
		}
		if !t.After(now) {
			return time.Time{}, false, errors.New("it is in the past")
		}
		return t, false, nil
	}
	return time.Time{}, false, errors.New("it is none of HH:MM:SS, YY-MM-DD HH:MM:SS and YYYY-MM-DD HH:MM:SS, each with an optional Z")
}

// followTimeFile follows the file that the running configuration names.
func (p *parent) followTimeFile() {
	path := p.cfg.Global.Reload.TimeFile
	if path == p.schedule.path {
		return
	}
	p.schedule.end()
	p.schedule = schedule{path: path}
	if path == "" {
		return
	}
	p.schedule.stop = inBackground(func(ctx context.Context) {
		tell := func() {
			line, err := firstLine(path)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				p.log.Warn("reload_time_file: " + err.Error())
			}
			select {
			case p.inbox <- timeFile{path, line, err == nil}:
			case <-ctx.Done():
			}
		}
		if err := track.Follow(ctx, path, tell, func(text string) { p.log.Warn("reload_time_file: " + text) }); err != nil {
			p.log.Error("reload_time_file cannot be followed: " + err.Error())
		}
	})
}

// end forgets what was scheduled, and stops following.
func (s *schedule) end() {
	s.clear()
	if s.stop != nil {
		s.stop()
	}
}

func (s *schedule) clear() {
	s.at = time.Time{}
	if s.timer != nil {
		s.timer.Stop()
	}
}

// maxTimeLine is more than any time needs.
const maxTimeLine = 64

func firstLine(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTimeLine))
	line, _, _ := strings.Cut(string(b), "\n")
	return line, err
}

// onTimeFile schedules what the file says now.
func (p *parent) onTimeFile(m timeFile) {
	s := &p.schedule
	if m.path != s.path || p.stopping {
		return
	}
	before := s.at
	s.clear()
	if m.ok {
		at, daily, err := reloadTime(m.line, time.Now())
		if err == nil {
			s.at, s.daily = at, daily
			p.awaitReload()
		} else {
			p.log.Warn(fmt.Sprintf("Reload time %q of %s is ignored: %v", m.line, m.path, err))
		}
	}
	switch {
	case before.Equal(s.at):
	case s.at.IsZero():
		p.log.Info("Cancelling reload scheduled for " + before.Local().Format(timeLayout))
	case before.IsZero():
		p.log.Info("Scheduling reload for " + s.at.Local().Format(timeLayout))
	default:
		p.log.Info("Reload time updated from " + before.Local().Format(timeLayout) + " to " + s.at.Local().Format(timeLayout))
	}
}

// clockLook is how often the time of day is looked at, which may be set meanwhile.
const clockLook = 10 * time.Second

func (p *parent) awaitReload() {
	at := p.schedule.at
	p.schedule.timer = time.AfterFunc(min(time.Until(at), clockLook), func() { p.inbox <- reloadDue{at} })
}

// onReloadDue reloads if it is time. The file goes unless reload_repeat keeps
// it; one with a time of day asks for the next day then.
func (p *parent) onReloadDue(m reloadDue) {
	s := &p.schedule
	if p.stopping || !m.at.Equal(s.at) {
		return
	}
	now := time.Now()
	if now.Before(s.at) {
		p.awaitReload()
		return
	}
	p.log.Info("Reload scheduled for " + s.at.Local().Format(timeLayout) + " begins")
	s.clear()
	if !p.cfg.Global.Reload.Repeat {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.log.Warn("reload_time_file: " + err.Error())
		}
	} else if s.daily {
		line, err := firstLine(s.path)
		p.onTimeFile(timeFile{s.path, line, err == nil})
	}
	p.startReload()
}
