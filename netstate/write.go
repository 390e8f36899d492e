package netstate

import (
	"errors"
	"fmt"

	mdl "github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"halbd/internal/nlbatch"
)

// Object is something that a Writer makes and removes.
type Object interface {
	// request is the netlink request that makes or removes the object. It
	// bears repetition.
	request(remove bool) (mdl.Message, error)
	// settled reports errors that say: it is already so.
	settled(remove bool, err error) bool
	// String names the object and its interface, for the log.
	String() string
}

// Op makes or removes one object.
type Op struct {
	Remove bool
	Object Object
}

func (op *Op) verb() string {
	if op.Remove {
		return "remove"
	}
	return "add"
}

// Failure is an operation that the kernel refused.
type Failure struct {
	Op  Op
	Err error
}

func (f *Failure) Error() string {
	why := f.Err
	if errno := unix.Errno(0); errors.As(why, &errno) {
		why = errno // without the words around it, which are the same every time
	}
	return fmt.Sprintf("%s %v: %v", f.Op.verb(), f.Op.Object, why)
}

// Unwrap gives the kernel's error number.
func (f *Failure) Unwrap() error { return f.Err }

// Writer changes the kernel's objects. It is used by one goroutine at a time.
type Writer struct {
	conn *mdl.Conn
}

// NewWriter opens a connection in the network namespace of the calling thread.
func NewWriter() (*Writer, error) {
	c, err := nlbatch.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &Writer{conn: c}, nil
}

// Close releases the connection.
func (w *Writer) Close() { w.conn.Close() }

// direct is an Object that is no matter of netlink.
type direct interface {
	perform(remove bool) error
}

// Apply carries the operations out in order. What is already as wanted is no
// failure; what the kernel refuses does not stop the rest. The error is that of
// the connection.
func (w *Writer) Apply(ops []Op) (refused []*Failure, err error) {
	failed := func(op Op, err error) {
		if err != nil && !op.Object.settled(op.Remove, err) {
			refused = append(refused, &Failure{op, err})
		}
	}
	for rest := ops; len(rest) > 0 && err == nil; {
		if d, ok := rest[0].Object.(direct); ok {
			failed(rest[0], d.perform(rest[0].Remove))
			rest = rest[1:]
			continue
		}
		n := 0
		n, err = w.send(rest, failed)
		rest = rest[n:]
	}
	return refused, err
}

// send carries out the operations up to the next direct one, and says how many
// they were.
func (w *Writer) send(ops []Op, failed func(Op, error)) (n int, err error) {
	msgs := make([]mdl.Message, 0, len(ops))
	for n = 0; n < len(ops); n++ {
		if _, ok := ops[n].Object.(direct); ok {
			break
		}
		m, err := ops[n].Object.request(ops[n].Remove)
		if err != nil {
			return n + 1, err
		}
		msgs = append(msgs, m)
	}
	return n, nlbatch.Send(w.conn, msgs, func(i int, err error) { failed(ops[i], err) })
}
