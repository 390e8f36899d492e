// Package pcap reads the capture files of tcpdump, for tests that compare what
// is sent with what a real network carried. It knows the classic format with
// Ethernet frames and nothing else; it must not be imported by the daemon.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Frame is one captured Ethernet frame.
type Frame struct {
	At   time.Duration // since the Unix epoch
	Data []byte
}

// Numbers of the format (pcap-savefile(5)).
const (
	magicMicro   = 0xa1b2c3d4
	magicNano    = 0xa1b23c4d
	headerSize   = 24
	recordSize   = 16
	linkEthernet = 1
	maxFrame     = 1 << 18 // tcpdump's own limit
)

// ReadFile reads a whole capture.
func ReadFile(name string) ([]Frame, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	frames, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return frames, nil
}

// Read reads a capture to its end.
func Read(r io.Reader) ([]Frame, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, fmt.Errorf("header of the capture: %w", err)
	}
	order, unit, err := format(header[:4])
	if err != nil {
		return nil, err
	}
	if link := order.Uint32(header[20:]); link != linkEthernet {
		return nil, fmt.Errorf("link type %d, not Ethernet", link)
	}
	var frames []Frame
	for {
		f, err := readFrame(r, order, unit)
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, fmt.Errorf("frame %d: %w", len(frames)+1, err)
		}
		frames = append(frames, f)
	}
}

// format tells byte order and unit of the times from the first four bytes.
func format(magic []byte) (binary.ByteOrder, time.Duration, error) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(magic) {
		case magicMicro:
			return order, time.Microsecond, nil
		case magicNano:
			return order, time.Nanosecond, nil
		}
	}
	return nil, 0, errors.New("this is no capture file")
}

func readFrame(r io.Reader, order binary.ByteOrder, unit time.Duration) (Frame, error) {
	var record [recordSize]byte
	if _, err := io.ReadFull(r, record[:]); err != nil {
		return Frame{}, err
	}
	size := order.Uint32(record[8:])
	if size > maxFrame {
		return Frame{}, fmt.Errorf("%d bytes, more than %d", size, maxFrame)
	}
	f := Frame{Data: make([]byte, size)}
	f.At = time.Duration(order.Uint32(record[0:]))*time.Second + time.Duration(order.Uint32(record[4:]))*unit
	if _, err := io.ReadFull(r, f.Data); err != nil {
		return Frame{}, fmt.Errorf("cut short: %w", io.ErrUnexpectedEOF)
	}
	return f, nil
}
