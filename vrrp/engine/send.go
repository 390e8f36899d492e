package engine

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"halbd/vrrp"
)

// unsent is an advert that the kernel did not take.
type unsent struct {
	advert *vrrp.SendAdvert
	err    error
}

var errNoSocket = errors.New("there is no VRRP socket")

// sendAll sends adverts; those of one socket that fall due together go in one
// system call. It lists the instances not one of whose adverts could be sent.
func (e *engine) sendAll(list []vrrp.SendAdvert) []vrrp.SendFailure {
	var lost []unsent
	fail := func(a *vrrp.SendAdvert, err error) { lost = append(lost, unsent{a, err}) }
	for i := range list {
		a := &list[i]
		s := e.sockets[socketKey{e.links.wayOut(a.Interface), a.Src.Is6(), a.AH}]
		if s == nil {
			fail(a, e.noSocket(a.Interface))
			continue
		}
		if len(s.due) == 0 {
			e.due = append(e.due, s)
		}
		s.due = append(s.due, a)
	}
	for _, s := range e.due {
		s.flush(e.out, fail)
	}
	e.due = e.due[:0]
	if len(lost) == 0 && len(e.sendErr) == 0 {
		return nil
	}
	e.reportLost(list, lost)
	return silenced(list, lost)
}

// noSocket is why there is none: a link of ours may be about to come back.
func (e *engine) noSocket(iface string) error {
	if m := e.links.find(iface); m != nil {
		return unix.ENODEV
	}
	return errNoSocket
}

// silenced lists the instances of which every advert was lost, each with its last error.
func silenced(list []vrrp.SendAdvert, lost []unsent) []vrrp.SendFailure {
	if len(lost) == 0 {
		return nil
	}
	total, missing := map[string]int{}, map[string]int{}
	for i := range list {
		total[list[i].Instance]++
	}
	var failed []vrrp.SendFailure
	for _, u := range lost {
		name := u.advert.Instance
		if missing[name]++; missing[name] == total[name] {
			failed = append(failed, vrrp.SendFailure{Instance: name, Kind: sendFailureKind(u.err), Text: errnoText(u.err)})
		}
	}
	return failed
}

// reportLost logs for each instance when its adverts begin to be lost and when
// that ends, not for each advert.
func (e *engine) reportLost(list []vrrp.SendAdvert, lost []unsent) {
	now := map[string]bool{}
	for _, u := range lost {
		name, text := u.advert.Instance, errnoText(u.err)
		if e.sendErr[name] != text && !now[name] {
			e.sendErr[name] = text
			e.log.Warn(fmt.Sprintf("(%s) advert to %v on %s cannot be sent: %s", name, u.advert.Dst, u.advert.Interface, text))
		}
		now[name] = true
	}
	for i := range list {
		name := list[i].Instance
		if e.sendErr[name] != "" && !now[name] {
			delete(e.sendErr, name)
			e.log.Info(fmt.Sprintf("(%s) adverts can be sent again", name))
		}
	}
}

// sendFailureKind tells what the core must know of an error of sendmsg(2).
func sendFailureKind(err error) vrrp.SendFailureKind {
	for kind, list := range map[vrrp.SendFailureKind][]unix.Errno{
		vrrp.SendBusy:  {unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM, unix.EINTR},
		vrrp.SendRoute: {unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EADDRNOTAVAIL},
		vrrp.SendLink:  {unix.ENETDOWN, unix.ENODEV, unix.ENXIO},
	} {
		for _, e := range list {
			if errors.Is(err, e) {
				return kind
			}
		}
	}
	return vrrp.SendRefused
}

// errnoText is an error without what the operation was.
func errnoText(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
