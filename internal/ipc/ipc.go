// Package ipc carries typed messages between the parent and its two children
// over a socketpair. It moves bytes in order; what a message means is the
// business of package supervise. Sending never blocks: a child that serves
// adverts must not wait for a parent that writes to a slow log.
package ipc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// Kind is the type of a message.
type Kind byte

// MaxMessage bounds one message (bytes): a configuration of a million real servers fits.
const MaxMessage = 1 << 30

// maxQueue bounds what waits to be written (bytes) before Offer drops.
const maxQueue = 4 << 20

const headerLen = 5 // big-endian length of the payload, kind

// Conn is one end of the socketpair.
type Conn struct {
	f *os.File

	mu      sync.Mutex
	wake    *sync.Cond
	queue   []message
	queued  int // bytes in queue
	writing bool
	closed  bool
	dropped int
	done    chan struct{}
}

// Pair makes a connected pair: ours, and the file to hand to a child process.
func Pair() (*Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	return New(os.NewFile(uintptr(fds[0]), "ipc")), os.NewFile(uintptr(fds[1]), "ipc-child"), nil
}

// Open takes over a file descriptor that was inherited from the parent.
func Open(fd uintptr) (*Conn, error) {
	if _, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
		return nil, fmt.Errorf("file descriptor %d is not the parent's socket: %w", fd, err)
	}
	syscall.CloseOnExec(int(fd))
	if err := syscall.SetNonblock(int(fd), true); err != nil {
		return nil, fmt.Errorf("set the parent's socket non-blocking: %w", err)
	}
	return New(os.NewFile(fd, "ipc-parent")), nil
}

// New starts a connection on f, which must be non-blocking.
func New(f *os.File) *Conn {
	c := &Conn{f: f, done: make(chan struct{})}
	c.wake = sync.NewCond(&c.mu)
	go c.write()
	return c
}

// Send queues a message with v as JSON. It never blocks and drops nothing.
func (c *Conn) Send(kind Kind, v any) error {
	b, err := Encode(kind, v)
	if err != nil {
		return err
	}
	c.push(b)
	return nil
}

// Post queues a message that the connection's own goroutine makes JSON of, for
// senders that have no time. It never blocks and drops nothing; v must not
// change afterwards.
func (c *Conn) Post(kind Kind, v any) {
	c.mu.Lock()
	if !c.closed {
		c.queue = append(c.queue, message{kind: kind, v: v})
		c.wake.Broadcast()
	}
	c.mu.Unlock()
}

// message is one that waits: encoded, or still to be.
type message struct {
	b    []byte
	kind Kind
	v    any
}

func (m *message) bytes() ([]byte, error) {
	if m.b != nil {
		return m.b, nil
	}
	return Encode(m.kind, m.v)
}

// Offer queues a message that may be lost: when more than a few megabytes wait
// for the other side, it is dropped and counted.
func (c *Conn) Offer(kind Kind, v any) {
	c.mu.Lock()
	full := c.queued > maxQueue
	if full {
		c.dropped++
	}
	c.mu.Unlock()
	if full {
		return
	}
	if b, err := Encode(kind, v); err == nil {
		c.push(b)
	}
}

// Dropped returns how many messages Offer has dropped, and forgets them.
func (c *Conn) Dropped() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.dropped
	c.dropped = 0
	return n
}

// SendEncoded queues a message made by Encode, so that one snapshot is encoded
// once for several receivers.
func (c *Conn) SendEncoded(b []byte) { c.push(b) }

// Encode makes a message of v as JSON.
func Encode(kind Kind, v any) ([]byte, error) {
	return Frame(kind, func(to []byte) ([]byte, error) {
		payload, err := json.Marshal(v)
		return append(to, payload...), err
	})
}

// Frame makes a message; payload appends what it holds.
func Frame(kind Kind, payload func(to []byte) ([]byte, error)) ([]byte, error) {
	b, err := payload(make([]byte, headerLen))
	if err != nil {
		return nil, fmt.Errorf("encode message %d: %w", kind, err)
	}
	n := len(b) - headerLen
	if n > MaxMessage {
		return nil, fmt.Errorf("message %d has %d bytes, more than %d", kind, n, MaxMessage)
	}
	binary.BigEndian.PutUint32(b, uint32(n))
	b[4] = byte(kind)
	return b, nil
}

// Payload is what a message holds.
func Payload(message []byte) json.RawMessage { return message[headerLen:] }

func (c *Conn) push(b []byte) {
	c.mu.Lock()
	if !c.closed {
		c.queue = append(c.queue, message{b: b})
		c.queued += len(b)
		c.wake.Broadcast()
	}
	c.mu.Unlock()
}

func (c *Conn) write() {
	defer close(c.done)
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.closed {
			c.wake.Wait()
		}
		if len(c.queue) == 0 {
			c.mu.Unlock()
			return
		}
		batch := c.queue
		c.queue, c.queued, c.writing = nil, 0, true
		c.mu.Unlock()

		err := c.writeAll(batch)
		c.mu.Lock()
		c.writing = false
		if err != nil { // the other side is gone; its reader learns it too
			c.closed, c.queue = true, nil
		}
		c.wake.Broadcast()
		c.mu.Unlock()
	}
}

func (c *Conn) writeAll(batch []message) error {
	for i := range batch {
		b, err := batch[i].bytes()
		if err != nil {
			continue // a value that is no JSON: nothing that waiting would mend
		}
		if _, err := c.f.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Flush waits until everything that was queued has been handed to the kernel.
func (c *Conn) Flush() {
	c.mu.Lock()
	for (len(c.queue) > 0 || c.writing) && !c.closed {
		c.wake.Wait()
	}
	c.mu.Unlock()
}

// Receive returns the next message; JSON unless the sender made it with Frame. io.EOF means that the other side has ended.
func (c *Conn) Receive() (Kind, json.RawMessage, error) {
	var h [headerLen]byte
	if _, err := io.ReadFull(c.f, h[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, os.ErrClosed) {
			err = io.EOF
		}
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[:])
	if n > MaxMessage {
		return 0, nil, fmt.Errorf("message of %d bytes, more than %d", n, MaxMessage)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.f, b); err != nil {
		return 0, nil, fmt.Errorf("message cut short: %w", err)
	}
	return Kind(h[4]), b, nil
}

// Close drops what is queued and closes the socket.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closed, c.queue = true, nil
	c.wake.Broadcast()
	c.mu.Unlock()
	err := c.f.Close()
	<-c.done
	return err
}
