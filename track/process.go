package track

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// How often /proc is read: where the kernel reports no process events, and
// where it does, to repair whatever may have been missed.
const (
	scanPause = 100 * time.Millisecond
	healPause = time.Minute
	busyPause = 5 * time.Millisecond // between two batches of events on a busy host
	restShare = 19                   // times the duration of a scan that pass before the next: a twentieth of a processor
	idleScans = 10                   // scans that are left out while no process was made
)

// processConf is what of a configuration concerns processes.
type processConf struct {
	list   []conf.TrackProcess
	buffer conf.Buffer
}

// processes watches every vrrp_track_process. One goroutine owns it.
type processes struct {
	report func(Result)
	log    *slog.Logger
	news   chan processConf

	open    func(conf.Buffer) (*eventSocket, error) // openEvents
	fs      procfs
	conf    processConf
	census  *census
	names   bool // some matcher needs the name
	command int  // how much of the command line the matchers need

	socket  *eventSocket
	batches chan batch
	hangUp  chan struct{} // closed for the reader of batches
	readers sync.WaitGroup

	watched map[int]*os.File // pidfds of members; only while there are no events
	exits   chan int
	ended   chan struct{} // nobody reads exits any more
	newest  string        // when /proc was read last
	idle    int
	rest    time.Time // /proc is not read again before
}

// batch is what one read of the event socket gave.
type batch struct {
	list []procEvent
	lost bool
	err  error
}

func newProcesses(report func(Result), log *slog.Logger) *processes {
	return &processes{report: report, log: log, news: make(chan processConf, 1), open: openEvents, fs: procfs{root: "/proc"},
		census: newCensus(nil, nil), watched: map[int]*os.File{}, exits: make(chan int), ended: make(chan struct{})}
}

// reload hands over a configuration; it never waits. Only one goroutine may call it.
func (p *processes) reload(c processConf) {
	select {
	case <-p.news: // nobody has looked at it: it is outdated
	default:
	}
	p.news <- c
}

func (p *processes) run(ctx context.Context) {
	defer p.readers.Wait()
	defer close(p.ended)
	defer p.unwatch()
	defer p.closeSocket()
	due := time.NewTimer(0)
	look := time.NewTicker(healPause)
	defer due.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-p.news:
			p.configure(c)
			look.Reset(p.pause())
		case b := <-p.batches:
			p.apply(b)
			if p.socket == nil {
				look.Reset(p.pause())
			}
		case pid := <-p.exits:
			p.gone(pid)
		case <-look.C:
			p.look()
		case <-due.C:
		}
		now := time.Now()
		p.census.expire(now)
		if at, ok := p.census.deadline(); ok {
			due.Reset(at.Sub(now))
		}
	}
}

func (p *processes) pause() time.Duration {
	if p.socket != nil || len(p.census.quorums) == 0 {
		return healPause
	}
	return scanPause
}

// configure begins to count for a new configuration; what was found out for
// an unchanged vrrp_track_process stays.
func (p *processes) configure(c processConf) {
	reopen := p.conf.buffer != c.buffer || len(c.list) == 0
	p.conf = c
	fresh := newCensus(c.list, p.tell)
	fresh.keep(p.census)
	p.census = fresh
	p.names, p.command = false, 0
	for _, q := range fresh.quorums {
		p.names = p.names || q.match.byName()
		p.command = max(p.command, q.match.commandLimit())
		if why := q.match.hopeless(); why != "" {
			p.log.Warn(fmt.Sprintf("vrrp_track_process %s matches no process: %s", q.conf.Name, why))
		}
	}
	p.unwatch()
	if reopen {
		p.closeSocket()
	}
	if len(c.list) > 0 {
		p.subscribe()
		p.scan()
	}
}

// subscribe opens the kernel's events if it is not done yet.
func (p *processes) subscribe() {
	if p.socket != nil {
		return
	}
	s, err := p.open(p.conf.buffer)
	if err != nil {
		p.log.Warn(fmt.Sprintf("track_process: /proc is read every %v instead: %v", scanPause, err))
		return
	}
	p.socket, p.batches, p.hangUp = s, make(chan batch), make(chan struct{})
	to, hangUp := p.batches, p.hangUp
	p.readers.Go(func() {
		for {
			var b batch
			b.list, b.lost, b.err = s.receive(nil)
			select {
			case to <- b:
			case <-hangUp:
				return
			}
			if b.err != nil {
				return
			}
			time.Sleep(min(time.Duration(len(b.list))*time.Millisecond, busyPause))
		}
	})
}

func (p *processes) closeSocket() {
	if p.socket == nil {
		return
	}
	close(p.hangUp)
	p.socket.close()
	p.socket, p.batches = nil, nil
}

// apply takes events of the kernel in their order.
func (p *processes) apply(b batch) {
	now := time.Now()
	ends := map[int]bool{}
	for _, e := range b.list {
		if e.what == eventExit {
			ends[e.pid] = true
		}
	}
	for _, e := range b.list {
		if e.what != eventExit && ends[e.pid] && len(p.census.members[e.pid].of) == 0 {
			continue // it came and went meanwhile: most programs of a busy host do
		}
		switch e.what {
		case eventExec, eventComm:
			p.census.place(e.pid, p.identify(e.pid), causeStart, now)
		case eventFork:
			// A child is what its parent is, until it starts another program.
			if len(p.census.members[e.parent].of) > 0 {
				p.census.place(e.pid, p.identify(e.pid), causeFork, now)
			}
		case eventExit:
			if len(p.census.members[e.pid].of) > 0 {
				p.census.place(e.pid, member{}, causeExit, now)
			}
		}
	}
	switch {
	case b.err != nil:
		p.log.Error(fmt.Sprintf("process events ended, /proc is read every %v instead: %v", scanPause, b.err))
		p.closeSocket()
		p.scan()
	case b.lost:
		p.log.Warn("process events were lost (process_monitor_rcv_bufs is too small for this host): reading all of /proc again")
		p.scan()
	}
}

// identify finds out which quorums count a process.
func (p *processes) identify(pid int) (m member) {
	name, command := "", []byte(nil)
	if p.names {
		name = p.fs.name(pid)
	}
	if p.command > 0 {
		command = p.fs.command(pid, p.command)
	}
	for _, q := range p.census.quorums {
		if q.match.matches(name, command) {
			m.of = append(m.of, q)
		}
	}
	return m
}

// look reads /proc when it is time to; without events only if a process was
// made since, or some time has passed.
func (p *processes) look() {
	if len(p.census.quorums) == 0 {
		return
	}
	begin := time.Now()
	if p.socket == nil {
		newest := p.fs.newest()
		if newest == p.newest && p.idle < idleScans {
			p.idle++
			return
		}
		if begin.Before(p.rest) {
			return
		}
		p.newest, p.idle = newest, 0
	}
	p.scan()
	end := time.Now()
	p.rest = end.Add(end.Sub(begin) * restShare)
}

// scan counts every process that there is and then judges.
func (p *processes) scan() {
	pids, err := p.fs.pids()
	if err != nil {
		p.log.Error(fmt.Sprintf("track_process: read /proc: %v", err))
		return
	}
	slices.Sort(pids)
	for _, pid := range pids {
		if m, parent := p.examine(pid); len(m.of) > 0 || len(p.census.members[pid].of) > 0 {
			p.enter(pid, parent, m)
		}
	}
	for pid := range p.census.members {
		if _, there := slices.BinarySearch(pids, pid); !there {
			p.enter(pid, 0, member{})
		}
	}
	p.census.judgeAll(time.Now())
}

// examine is identify without processes that have ended, and with what tells
// two of one number apart.
func (p *processes) examine(pid int) (m member, parent int) {
	if m = p.identify(pid); len(m.of) == 0 {
		return member{}, 0
	}
	s, ok := p.fs.stat(pid)
	if !ok || s.dead {
		return member{}, 0
	}
	m.start = s.start
	return m, s.parent
}

// enter counts what a scan found.
func (p *processes) enter(pid, parent int, m member) {
	if old := p.census.members[pid]; old.start != 0 && m.start != old.start {
		p.census.count(pid, member{})
		p.forget(pid)
	}
	for _, q := range p.census.count(pid, m) {
		q.forked = q.forked || slices.Contains(p.census.members[parent].of, q)
	}
	switch {
	case p.socket != nil:
	case len(m.of) > 0:
		p.watch(pid)
	default:
		p.forget(pid)
	}
}

// maxWatched bounds the descriptors; the end of other members is seen by the next scan.
const maxWatched = 256

// watch waits for the end of a member by its pidfd.
func (p *processes) watch(pid int) {
	if p.watched[pid] != nil || len(p.watched) >= maxWatched {
		return
	}
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return
	}
	p.watched[pid] = f
	p.readers.Go(func() {
		err := raw.Read(func(fd uintptr) bool {
			n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			return n > 0
		})
		if err != nil {
			return
		}
		select {
		case p.exits <- pid:
		case <-p.ended:
		}
	})
}

func (p *processes) forget(pid int) {
	if f := p.watched[pid]; f != nil {
		f.Close()
		delete(p.watched, pid)
	}
}

func (p *processes) unwatch() {
	for pid := range p.watched {
		p.forget(pid)
	}
}

// gone takes the end of a watched member, if it is not a later process by now.
func (p *processes) gone(pid int) {
	if p.watched[pid] == nil {
		return
	}
	if s, ok := p.fs.stat(pid); ok && !s.dead && s.start == p.census.members[pid].start {
		return
	}
	p.forget(pid)
	p.census.place(pid, member{}, causeExit, time.Now())
}

// tell reports a verdict.
func (p *processes) tell(q *quorum) {
	r := Result{Kind: Process, Name: q.conf.Name, Known: true}
	word := "gained"
	if !q.good {
		r.Value, r.Why, word = 1, q.why(), "lost"
	}
	p.log.Info(fmt.Sprintf("Quorum of tracked process %s %s: %s", q.conf.Name, word, q.why()))
	p.report(r)
}
