package ipvskernel

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

// serveTCP listens at an address of the director's namespace and gives each
// connection to f.
func (d *director) serveTCP(at string, f func(net.Conn)) error {
	var l net.Listener
	if err := d.net.Inside("d", func() (err error) { l, err = net.Listen("tcp", at); return err }); err != nil {
		return err
	}
	d.more["tcp "+at] = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return nil
}

// serveUDP answers each datagram with those that f sends.
func (d *director) serveUDP(at string, f func(query []byte, from net.Addr, send func([]byte))) error {
	var c net.PacketConn
	if err := d.net.Inside("d", func() (err error) { c, err = net.ListenPacket("udp", at); return err }); err != nil {
		return err
	}
	d.more["udp "+at] = c
	go func() {
		for {
			b := make([]byte, 2048)
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			f(b[:n], from, func(reply []byte) { c.WriteTo(reply, from) })
		}
	}()
	return nil
}

// mail answers each line of the client, and its arrival, with the next text.
// Some have a meaning: "reset", "silent", and "drip:" before what comes slowly.
func mail(texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for i, text := range texts {
			if i > 0 {
				if _, err := r.ReadString('\n'); err != nil {
					return
				}
			}
			slow, drips := strings.CutPrefix(text, "drip:")
			switch {
			case text == "reset":
				c.(*net.TCPConn).SetLinger(0)
				return
			case text == "silent":
				r.ReadString('\n')
				return
			case drips:
				drip(c, slow)
			default:
				c.Write([]byte(text))
			}
		}
	}
}

func drip(c net.Conn, text string) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for _, b := range []byte(text) {
		if _, err := c.Write([]byte{b}); err != nil {
			return
		}
		<-tick.C
	}
}

// goodMail is a server that every SMTP check likes.
func goodMail() func(net.Conn) { return mail("220 hi\r\n", "250 ok\r\n", "221 bye\r\n") }

// response turns a query into an answer with other flags.
func response(query []byte, flags ...byte) []byte {
	return fmt.Appendf(nil, "%s%s%s", query[:2], flags, query[4:])
}

// stop is a step that ends servers.
func stop(at ...string) step {
	return step{"stop " + strings.Join(at, ", "), func(d *director) error {
		for _, a := range at {
			if d.more[a] == nil {
				return fmt.Errorf("nothing at %s", a)
			}
			d.more[a].Close()
			delete(d.more, a)
		}
		return nil
	}}
}
