package healthcheck

import (
	"encoding/hex"
	"errors"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"halbd/conf"
)

// The queries are those that keepalived 2.2.7 was seen to send, but for its
// quirk with a first label of one letter.
func TestDNSQueries(t *testing.T) {
	for name, c := range map[string]struct{ kind, name, want string }{
		"default":         {"SOA", ".", "fa6e010000010000000000000000060001"},
		"empty":           {"SOA", "", "fa6e010000010000000000000000060001"},
		"without a dot":   {"SOA", "example.com", "fa6e01000001000000000000076578616d706c6503636f6d0000060001"},
		"with a dot":      {"SOA", "example.com.", "fa6e01000001000000000000076578616d706c6503636f6d0000060001"},
		"mail":            {"MX", "www.example.org", "fa6e0100000100000000000003777777076578616d706c65036f726700000f0001"},
		"key":             {"DNSKEY", "foo", "fa6e0100000100000000000003666f6f0000300001"},
		"one letter":      {"SOA", "a.b.", "fa6e010000010000000000000161016200" + "00060001"},
		"one letter deep": {"RRSIG", "ab.c.", "fa6e0100000100000000000002616201630000" + "2e0001"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dnsQuery(&conf.DNSOptions{Type: c.kind, Name: c.name}, 0xfa6e)
			if err != nil || hex.EncodeToString(got) != c.want {
				t.Errorf("%x, %v, want %s", got, err, c.want)
			}
		})
	}
}

// Every word of the keyword table has its number.
func TestDNSTypes(t *testing.T) {
	for _, kw := range conf.Keywords() {
		if kw.Block == "virtual_server/real_server/DNS_CHECK/type/value" && dnsTypes[kw.Name] == 0 {
			t.Errorf("type %s cannot be asked for", kw.Name)
		}
	}
}

func header(h dnsmessage.Header) []byte {
	b := dnsmessage.NewBuilder(nil, h)
	out, _ := b.Finish()
	return out
}

// A verdict comes from the answer to this question alone; anything else is
// passed over, as the answer may follow.
func TestDNSVerdicts(t *testing.T) {
	good := header(dnsmessage.Header{ID: 7, Response: true})
	for name, c := range map[string]struct {
		reply []byte
		done  bool
		want  string
	}{
		"good":               {good, true, ""},
		"garbage behind":     {append(good[:12:12], "garbage"...), true, ""},
		"truncated":          {header(dnsmessage.Header{ID: 7, Response: true, Truncated: true}), true, ""},
		"no such name":       {header(dnsmessage.Header{ID: 7, Response: true, RCode: dnsmessage.RCodeNameError}), true, "the server answers NXDOMAIN"},
		"refused":            {header(dnsmessage.Header{ID: 7, Response: true, RCode: dnsmessage.RCodeRefused}), true, "the server answers REFUSED"},
		"unknown code":       {header(dnsmessage.Header{ID: 7, Response: true, RCode: 11}), true, "the server answers response code 11"},
		"another id":         {header(dnsmessage.Header{ID: 8, Response: true}), false, ""},
		"the query itself":   {header(dnsmessage.Header{ID: 7}), false, ""},
		"cut in the header":  {good[:11], false, ""},
		"an empty datagram":  {nil, false, ""},
		"somebody's garbage": {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			done, err := judgeDNS(7, c.reply)
			if err == nil {
				err = errors.New("")
			}
			if done != c.done || err.Error() != c.want {
				t.Errorf("%v %v, want %v %s", done, err, c.done, c.want)
			}
		})
	}
}

// Only a response with this id ends a check.
func FuzzDNSReply(f *testing.F) {
	f.Add(header(dnsmessage.Header{ID: 7, Response: true}))
	f.Add(header(dnsmessage.Header{ID: 7, RCode: 3}))
	f.Add([]byte{0, 7, 0x80})
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		done, err := judgeDNS(7, b)
		if answer := len(b) >= 12 && b[0] == 0 && b[1] == 7 && b[2]&0x80 != 0; done != answer {
			t.Errorf("% x: %v %v", b, done, err)
		} else if answer && (err == nil) != (b[3]&15 == 0) {
			t.Errorf("% x: %v", b, err)
		}
	})
}
