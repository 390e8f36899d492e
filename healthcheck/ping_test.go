package healthcheck

import (
	"encoding/hex"
	"testing"
)

// What keepalived 2.2.7 was seen to send, with the number that 2.4 begins with.
const pingText = "6b656570616c6976656420636865636b202d20"

// The request has keepalived's bytes; a raw socket's checksum is halbd's work.
func TestPingRequest(t *testing.T) {
	data := (pingText + pingText + pingText + pingText + pingText + pingText + pingText)[:256]
	for name, c := range map[string]struct {
		e    echo
		want string
	}{
		"IPv4": {echo{raw: true, id: 1}, "08006b1500010001" + data},
		"IPv6": {echo{v6: true, raw: true, id: 2}, "8000" + "0000" + "00020001" + data},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.e.request()
			if got := hex.EncodeToString(b); err != nil || got != c.want {
				t.Errorf("%s, %v, want %s", got, err, c.want)
			}
		})
	}
}

// A raw socket sees the replies to everybody; only the own one counts.
func TestPingReplies(t *testing.T) {
	head := "450000ac293f00004001531a7f0000077f000001"
	for name, c := range map[string]struct {
		e     echo
		reply string
		want  bool
	}{
		"datagram socket":         {echo{}, "0000731500090001", true}, // the kernel has looked at the identifier
		"datagram socket, IPv6":   {echo{v6: true}, "8100000000090001", true},
		"raw socket":              {echo{raw: true, id: 5}, head + "0000731500050001", true},
		"raw socket, IP options":  {echo{raw: true, id: 5}, "46" + head[2:] + "01010101" + "0000731500050001", true},
		"raw socket, IPv6":        {echo{v6: true, raw: true, id: 5}, "8100000000050001", true},
		"somebody else's":         {echo{raw: true, id: 5}, head + "0000731500060001", false},
		"another number":          {echo{raw: true, id: 5}, head + "0000731500050002", false},
		"the request":             {echo{raw: true, id: 5}, head + "0800731500050001", false},
		"an error":                {echo{raw: true, id: 5}, head + "0301731500050001", false},
		"cut":                     {echo{raw: true, id: 5}, head + "000073150005", false},
		"header alone":            {echo{raw: true, id: 5}, head, false},
		"header cut":              {echo{raw: true, id: 5}, "4f00", false},
		"nothing":                 {echo{raw: true, id: 5}, "", false},
		"nothing, IPv6":           {echo{v6: true}, "", false},
		"IPv6 reply of type IPv4": {echo{v6: true, raw: true, id: 5}, "0000000000050001", false},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := hex.DecodeString(c.reply)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.e.answers(b); got != c.want {
				t.Errorf("%v", got)
			}
		})
	}
}

// No packet makes the reader panic.
func FuzzPingReply(f *testing.F) {
	f.Add([]byte("E\x00"), false, true)
	f.Add([]byte("\x81\x00\x00\x00\x00\x05\x00\x01"), true, false)
	f.Fuzz(func(t *testing.T, b []byte, v6, raw bool) { echo{v6: v6, raw: raw, id: 5}.answers(b) })
}
