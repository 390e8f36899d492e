package lab

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// MailSink is a mail server that takes everything and remembers it.
type MailSink struct {
	listener net.Listener
	mu       sync.Mutex
	sessions []string
}

// MailSink starts one on an address of a host.
func (n *Net) MailSink(host, addr string) (*MailSink, error) {
	s := &MailSink{}
	err := n.Inside(host, func() (err error) {
		s.listener, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("mail server on %s: %w", host, err)
	}
	go s.accept()
	return s, nil
}

// Close ends it; sessions that are open go on.
func (s *MailSink) Close() { s.listener.Close() }

// Sessions returns what each client has said, in the order in which they ended.
func (s *MailSink) Sessions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sessions)
}

func (s *MailSink) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.serve(c)
	}
}

func (s *MailSink) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	var said strings.Builder
	in := bufio.NewReader(c)
	answer := "220 sink"
	for {
		fmt.Fprint(c, answer+"\r\n")
		line, err := in.ReadString('\n')
		said.WriteString(line)
		if err != nil {
			break
		}
		answer = "250 ok"
		switch strings.TrimSpace(line) {
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			for line != ".\r\n" && err == nil {
				line, err = in.ReadString('\n')
				said.WriteString(line)
			}
		case "QUIT":
			answer = "221 bye"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = append(s.sessions, said.String())
}
