package engine

import (
	"errors"
	"fmt"

	"halbd/conf"
)

// openSockets makes sure that every instance whose interface exists has its
// sockets, bound to the interface of today, in its groups.
func (e *engine) openSockets() {
	for i := range e.cfg.Instances {
		in := &e.cfg.Instances[i]
		err := e.listen(in)
		if send := sendKey(in); send != listenKey(in) {
			_, mute := e.socketOn(send, true)
			err = errors.Join(err, mute)
		}
		if in.VMAC != nil {
			err = errors.Join(err, e.tap(in))
		}
		if err != nil {
			e.log.Error(fmt.Sprintf("(%s) %v", in.Name, err))
			e.retry = monotonic() + retryPause
		}
	}
}

func (e *engine) listen(in *conf.Instance) error {
	s, err := e.socketOn(listenKey(in), false)
	if s == nil || in.Unicast {
		return err
	}
	return s.join(in.Destination)
}

// socketOn is the socket of that key; nil without an error when its interface
// does not exist now.
func (e *engine) socketOn(key socketKey, deaf bool) (*socket, error) {
	index := 0
	s := e.sockets[key]
	if key.iface != "" {
		l := e.mirror.Link(key.iface)
		if s != nil && (l == nil || l.Index != s.index) {
			e.closeSocket(s) // the interface went, or came back as another
			s = nil
		}
		if l == nil || !e.links.ready(l) {
			return nil, nil
		}
		index = l.Index
	}
	if s != nil {
		return s, nil
	}
	var err error
	if deaf && key.v6 {
		s, err = openFrames(key, index)
	} else {
		s, err = openSocket(key, index)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case !deaf:
		e.byFD[s.fd] = s
		e.sizeSocket(s)
		err = e.poll.Add(s.fd)
	case !key.v6:
		err = attachFilter(s.fd, nothing)
	}
	e.sockets[key] = s
	return s, err
}

// tap listens for what comes from the MAC of the instance's VMAC.
func (e *engine) tap(in *conf.Instance) error {
	l := e.mirror.Link(in.VMAC.Name)
	t := e.taps[in.VMAC.Name]
	if t != nil && (l == nil || l.Index != t.index || l.MAC != t.mac) {
		e.closeTap(t)
		t = nil
	}
	if l == nil || t != nil || !e.links.ready(l) {
		return nil
	}
	t, err := openTap(l, listenKey(in))
	if err != nil {
		return err
	}
	e.taps[l.Name], e.byFD[t.fd] = t, &t.socket
	return e.poll.Add(t.fd)
}

func (e *engine) closeTap(t *tap) {
	e.poll.Remove(t.fd)
	delete(e.byFD, t.fd)
	delete(e.taps, t.name)
	t.close()
}

func (e *engine) closeSocket(s *socket) {
	e.poll.Remove(s.fd)
	delete(e.byFD, s.fd)
	delete(e.sockets, s.key)
	s.close()
}

// closeUnused closes the sockets that no instance needs after a reload.
func (e *engine) closeUnused() {
	used, tapped := map[socketKey]bool{}, map[string]bool{}
	for i := range e.cfg.Instances {
		in := &e.cfg.Instances[i]
		used[listenKey(in)], used[sendKey(in)] = true, true
		if in.VMAC != nil {
			tapped[in.VMAC.Name] = true
		}
	}
	for key, s := range e.sockets {
		if !used[key] {
			e.closeSocket(s)
		}
	}
	for name, t := range e.taps {
		if !tapped[name] {
			e.closeTap(t)
		}
	}
}
