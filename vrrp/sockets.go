package vrrp

// openSockets makes sure that every instance whose interface exists has a
// socket bound to the interface of today, in its groups.
func (e *engine) openSockets() {
	for i := range e.cfg.Instances {
		in := &e.cfg.Instances[i]
		l := e.mirror.Link(in.Interface)
		key := keyOf(in)
		s := e.sockets[key]
		if s != nil && (l == nil || l.Index != s.index) {
			e.closeSocket(s) // the interface went, or came back as another
			s = nil
		}
		if l == nil {
			continue
		}
		var err error
		if s == nil {
			if s, err = openSocket(key, l.Index); err != nil {
				e.log.Error(err.Error())
				e.retry = monotonic() + retryPause
				continue
			}
			if err := e.poll.Add(s.fd); err != nil {
				e.log.Error(err.Error())
			}
			e.sockets[key], e.byFD[s.fd] = s, s
		}
		if !in.Unicast {
			if err := s.join(in.Destination); err != nil {
				e.log.Error(err.Error())
				e.retry = monotonic() + retryPause
			}
		}
	}
}

func (e *engine) closeSocket(s *socket) {
	e.poll.Remove(s.fd)
	delete(e.byFD, s.fd)
	delete(e.sockets, s.key)
	s.close()
}

// closeUnused closes the sockets that no instance needs after a reload.
func (e *engine) closeUnused() {
	used := map[socketKey]bool{}
	for i := range e.cfg.Instances {
		used[keyOf(&e.cfg.Instances[i])] = true
	}
	for key, s := range e.sockets {
		if !used[key] {
			e.closeSocket(s)
		}
	}
}
