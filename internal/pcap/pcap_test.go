package pcap

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

func capture(order binary.AppendByteOrder, magic uint32, link uint32, frames ...string) []byte {
	b := order.AppendUint32(nil, magic)
	for _, word := range []uint32{0x00040002, 0, 0, 65535, link} {
		b = order.AppendUint32(b, word)
	}
	for i, f := range frames {
		for _, word := range []uint32{uint32(100 + i), 7, uint32(len(f)), uint32(len(f))} {
			b = order.AppendUint32(b, word)
		}
		b = append(b, f...)
	}
	return b
}

func TestRead(t *testing.T) {
	for name, tc := range map[string]struct {
		file []byte
		at   time.Duration // of the second frame
	}{
		"little endian, microseconds": {capture(binary.LittleEndian, magicMicro, 1, "one", "two"), 101*time.Second + 7*time.Microsecond},
		"big endian, nanoseconds":     {capture(binary.BigEndian, magicNano, 1, "one", "two"), 101*time.Second + 7},
	} {
		frames, err := Read(bytes.NewReader(tc.file))
		if err != nil || len(frames) != 2 || string(frames[1].Data) != "two" || frames[1].At != tc.at {
			t.Errorf("%s: %+v, %v", name, frames, err)
		}
	}
	whole := capture(binary.LittleEndian, magicMicro, 1, "one")
	for name, file := range map[string][]byte{
		"empty":          nil,
		"no capture":     []byte("this is a text file, not a capture"),
		"other link":     capture(binary.LittleEndian, magicMicro, 113, "one"),
		"cut in a frame": whole[:len(whole)-1],
		"cut in a head":  whole[:headerSize+3],
	} {
		if frames, err := Read(bytes.NewReader(file)); err == nil {
			t.Errorf("%s: read as %+v", name, frames)
		}
	}
}
