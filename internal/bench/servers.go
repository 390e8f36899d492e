package main

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"halbd/internal/lab"
)

// servers are any number of real servers: one socket takes the connections to
// every loopback address. It notes when each came.
type servers struct {
	listener net.Listener
	hung     func(netip.Addr) bool // accepts, and answers never
	mu       sync.Mutex
	seen     map[netip.Addr][]time.Time
	count    int
	held     []net.Conn
}

const serverPort = 8000

// serverAddr is the address of the i-th server.
func serverAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)})
}

// firstServers tells the first n servers from the others.
func firstServers(n int) func(netip.Addr) bool {
	return func(a netip.Addr) bool { return a.Less(serverAddr(n)) }
}

func serve(n *lab.Net, node string, hung func(netip.Addr) bool) (*servers, error) {
	s := &servers{hung: hung, seen: map[netip.Addr][]time.Time{}}
	err := n.Inside(node, func() (err error) {
		s.listener, err = net.Listen("tcp4", fmt.Sprintf("0.0.0.0:%d", serverPort))
		return err
	})
	if err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

func (s *servers) run() {
	request := make([]byte, 4096)
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		to := c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		s.note(to, time.Now())
		if s.hung(to) {
			s.held = append(s.held, c)
			continue
		}
		c.SetDeadline(time.Now().Add(50 * time.Millisecond))
		if n, _ := c.Read(request); n > 0 { // nothing comes of a TCP_CHECK
			c.Write([]byte("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n"))
		}
		c.Close()
	}
}

func (s *servers) note(to netip.Addr, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.seen[to] = append(s.seen[to], at)
}

// checks is how many connections there were.
func (s *servers) checks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// forget begins anew.
func (s *servers) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count, s.seen = 0, map[netip.Addr][]time.Time{}
}

// late lists by how much each check of the servers that are not hung came
// later after the one before than it should, in ms.
func (s *servers) late(interval time.Duration) []float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []float64
	for to, times := range s.seen {
		if s.hung(to) {
			continue
		}
		for i := 1; i < len(times); i++ {
			list = append(list, milliseconds(times[i].Sub(times[i-1])-interval))
		}
	}
	return list
}

// close ends the servers.
func (s *servers) close() {
	s.listener.Close()
	for _, c := range s.held {
		c.Close()
	}
}
