package healthcheck

import (
	"bytes"
	"strings"
	"testing"

	"halbd/conf"
)

// What keepalived 2.2.7 was seen to accept and to refuse.
func TestUDPReplies(t *testing.T) {
	pattern := func(text string, min, max int) *conf.UDPOptions {
		return &conf.UDPOptions{RequireReply: true, Reply: []byte(text), ReplyMask: bytes.Repeat([]byte{255}, len(text)), MinReply: min, MaxReply: max}
	}
	masked := pattern("p\x00n`", 0, 255)
	masked.ReplyMask = []byte{255, 0, 255, 0xf0}
	for name, c := range map[string]struct {
		u     *conf.UDPOptions
		reply string
		want  string
	}{
		"nothing required":          {&conf.UDPOptions{MaxReply: 2}, "pong", ""},
		"any reply":                 {pattern("", 9, 2), "pong", ""},
		"any reply, empty":          {pattern("", 0, 255), "", ""},
		"equal":                     {pattern("pong", 0, 255), "pong", ""},
		"begins with it":            {pattern("po", 0, 255), "pong", ""},
		"is its beginning":          {pattern("pongpong", 0, 255), "pong", ""},
		"empty":                     {pattern("pong", 0, 255), "", ""},
		"other bytes":               {pattern("pong", 0, 255), "ping", "byte 2 of the reply is 69, not as require_reply has it: 70 69 6e 67"},
		"masked":                    {masked, "pong", ""},
		"masked, second byte free":  {masked, "p\xffno", ""},
		"masked, half a byte wrong": {masked, "pon\x77", "byte 4 of the reply is 77, not as require_reply has it: 70 6f 6e 77"},
		"too short":                 {pattern("po", 5, 255), "pong", "the reply has 4 bytes, fewer than 5"},
		"as short as allowed":       {pattern("po", 4, 255), "pong", ""},
		"as long as allowed":        {pattern("po", 0, 4), "pong", ""},
		"too long":                  {pattern("po", 0, 3), "pong", "the reply has more than 3 bytes"},
		"huge":                      {pattern("xx", 0, 255), strings.Repeat("x", 65507), "the reply has more than 255 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := judgeUDP(c.u, []byte(c.reply)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// A pattern says the same of a reply as a comparison digit by digit.
func FuzzUDPPattern(f *testing.F) {
	f.Add([]byte("pong"), []byte("pong"), []byte("\xff\xff\xff\xff"))
	f.Add([]byte("ping"), []byte("p\x00ng"), []byte("\xff\x00\xff\xf0"))
	f.Add([]byte(""), []byte("p"), []byte("\x0f"))
	f.Fuzz(func(t *testing.T, reply, pattern, mask []byte) {
		n := min(len(pattern), len(mask))
		pattern, mask = pattern[:n], mask[:n]
		want := true
		for i := range min(len(reply), n) {
			for _, nibble := range []byte{0xf0, 0x0f} {
				want = want && reply[i]&mask[i]&nibble == pattern[i]&mask[i]&nibble
			}
		}
		want = want || n == 0
		err := judgeUDP(&conf.UDPOptions{RequireReply: true, Reply: pattern, ReplyMask: mask, MaxReply: 1 << 20}, reply)
		if (err == nil) != want {
			t.Errorf("%v, want good=%v", err, want)
		}
	})
}
