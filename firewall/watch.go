package firewall

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Watcher reports changes of our table by others. The kernel tells it of every
// change of every table; what is not about ours costs a look at the first
// bytes of the message and nothing else.
type Watcher struct {
	file   *os.File // the subscription
	port   uint32   // of our Manager
	table  atomic.Pointer[string]
	closed chan struct{}
}

// Theft is one transaction of someone else that changed our table.
type Theft struct {
	What string // what was taken or added, in nft's words
	By   string // name and id of the process, if the kernel said so
}

func (t Theft) String() string {
	if t.By == "" {
		return t.What
	}
	return t.What + " by " + t.By
}

// Watch subscribes to nf_tables in the network namespace of the calling thread.
func (m *Manager) Watch(table string) (*Watcher, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open netfilter netlink: %w", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, watchBuffer) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, watchBuffer) // as far as the system allows
	}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.NFNLGRP_NFTABLES - 1)})
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("subscribe to nf_tables: %w", err)
	}
	w := &Watcher{file: os.NewFile(uintptr(fd), "netfilter netlink"), port: m.conn.port, closed: make(chan struct{})}
	w.Follow(table)
	return w, nil
}

// watchBuffer is the receive buffer: some ten thousand rules in one transaction.
const watchBuffer = 4 << 20

// Follow changes the name of the table that is ours.
func (w *Watcher) Follow(table string) { w.table.Store(&table) }

// Close ends Run. It is called once.
func (w *Watcher) Close() {
	close(w.closed)
	w.file.Close()
}

// overrunPause is how often lost messages may have the table written anew.
const overrunPause = time.Second

// Run reports thefts until Close, or until the subscription breaks. After lost
// messages nobody knows: that is reported as a theft too.
func (w *Watcher) Run(stolen func(Theft)) error {
	var c commit
	buf := make([]byte, 1<<16)
	for {
		n, err := w.file.Read(buf)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case errors.Is(err, unix.ENOBUFS):
			c = commit{}
			if err := w.discard(buf); err != nil {
				return err
			}
			stolen(Theft{What: "notices of changes were lost"})
			select { // whoever changes that much is not answered each time
			case <-w.closed:
			case <-time.After(overrunPause):
			}
		case err != nil:
			return fmt.Errorf("receive from nf_tables: %w", err)
		default:
			c.read(buf[:n], w.port, *w.table.Load(), stolen)
		}
	}
}

// discard reads what has come. After a loss the kernel drops every notice, and
// tells nothing more of that, until this is done.
func (w *Watcher) discard(buf []byte) error {
	raw, err := w.file.SyscallConn()
	if err != nil {
		return fmt.Errorf("receive from nf_tables: %w", err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			switch _, _, err := unix.Recvfrom(int(fd), buf, unix.MSG_DONTWAIT); {
			case err == nil, errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.EINTR):
			case errors.Is(err, unix.EAGAIN):
				return
			default:
				failed = err
				return
			}
		}
	})
	if err := errors.Join(failed, err); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("receive from nf_tables: %w", err)
	}
	return nil
}

// commit collects what one transaction of someone else did to our table. The
// notice of the new generation, which names the process, ends it.
type commit struct {
	rank  int // of the greatest thing among what
	what  []string
	other bool // more than what is listed
}

func (c *commit) read(b []byte, port uint32, table string, stolen func(Theft)) {
	for len(b) >= unix.NLMSG_HDRLEN+nfgenmsgLen {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.NLMSG_HDRLEN+nfgenmsgLen || size > len(b) {
			return
		}
		m := b[:size]
		b = b[min(len(b), (size+3)&^3):]
		if binary.NativeEndian.Uint32(m[12:]) == port {
			continue
		}
		kind := binary.NativeEndian.Uint16(m[4:])
		if kind>>8 != unix.NFNL_SUBSYS_NFTABLES {
			continue
		}
		body := m[unix.NLMSG_HDRLEN+nfgenmsgLen:]
		if kind&0xff != unix.NFT_MSG_NEWGEN {
			c.note(uint8(kind), m[unix.NLMSG_HDRLEN], body, table)
			continue
		}
		if len(c.what) > 0 {
			stolen(Theft{What: c.String(), By: process(body)})
			*c = commit{}
		}
	}
}

const nfgenmsgLen = 4

// objects are what a table has, the greatest last: when a table goes, the
// kernel tells of all that was in it too.
var objects = []struct {
	new, del uint8
	name     string
	nameAttr uint16
}{
	{unix.NFT_MSG_NEWSETELEM, unix.NFT_MSG_DELSETELEM, "elements of set", unix.NFTA_SET_ELEM_LIST_SET},
	{unix.NFT_MSG_NEWRULE, unix.NFT_MSG_DELRULE, "rules of chain", unix.NFTA_RULE_CHAIN},
	{unix.NFT_MSG_NEWSET, unix.NFT_MSG_DELSET, "set", unix.NFTA_SET_NAME},
	{unix.NFT_MSG_NEWCHAIN, unix.NFT_MSG_DELCHAIN, "chain", unix.NFTA_CHAIN_NAME},
	{unix.NFT_MSG_NEWTABLE, unix.NFT_MSG_DELTABLE, "", 0},
}

// tableAttr is the attribute with the table's name, in the messages of all objects.
const tableAttr = 1

func (c *commit) note(kind, family uint8, body []byte, table string) {
	if family != unix.NFPROTO_IPV4 && family != unix.NFPROTO_IPV6 || string(trim(attribute(body, tableAttr))) != table {
		return
	}
	for rank, o := range objects {
		if kind != o.new && kind != o.del {
			continue
		}
		words := []string{"deleted"}
		if kind == o.new {
			words[0] = "added or changed"
		}
		if o.name != "" {
			words = append(words, o.name, text(attribute(body, o.nameAttr)), "of")
		}
		c.add(rank, strings.Join(append(words, tableKey{family, table}.String()), " "))
	}
}

// mostNamed bounds a log line.
const mostNamed = 4

func (c *commit) add(rank int, what string) {
	if rank > c.rank {
		c.rank, c.what, c.other = rank, nil, false
	}
	if rank < c.rank || slices.Contains(c.what, what) {
		return
	}
	if len(c.what) == mostNamed {
		c.other = true
		return
	}
	c.what = append(c.what, what)
}

func (c *commit) String() string {
	s := strings.Join(c.what, ", ")
	if c.other {
		s += " and more"
	}
	return s
}

// process is who made a generation.
func process(body []byte) string {
	name, id := text(attribute(body, unix.NFTA_GEN_PROC_NAME)), attribute(body, unix.NFTA_GEN_PROC_PID)
	if name == "" || len(id) != 4 {
		return ""
	}
	return fmt.Sprintf("%s (process %d)", name, binary.BigEndian.Uint32(id))
}

// attribute finds an attribute without allocating.
func attribute(b []byte, kind uint16) []byte {
	for len(b) >= unix.SizeofNlAttr {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofNlAttr || size > len(b) {
			return nil
		}
		if binary.NativeEndian.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER) == kind {
			return b[unix.SizeofNlAttr:size]
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return nil
}

// text is a string of the kernel, without its end.
func text(b []byte) string { return string(trim(b)) }

func trim(b []byte) []byte { return bytes.TrimRight(b, "\x00") }
