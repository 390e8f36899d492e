package ipvs

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// appendCounters makes a nest of counters 1 to 10 of so many bytes each.
func appendCounters(e *encoder, attr uint16, size int, plus uint64) {
	at := e.nest(attr)
	for i := uint16(statConns); i <= statOutBPS; i++ {
		v := binary.NativeEndian.AppendUint64(nil, uint64(i)+plus)
		e.bytes(i, v[:size])
	}
	e.end(at)
}

// Counters of 64 bits win over those of 32, which old kernels have alone.
func TestStats(t *testing.T) {
	narrow := Stats{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	const big = 1 << 40
	wide := Stats{big + 1, big + 2, big + 3, big + 4, big + 5, big + 6, big + 7, big + 8, big + 9, big + 10}
	for name, tc := range map[string]struct {
		both bool
		want Stats
	}{"both": {true, wide}, "old kernel": {false, narrow}} {
		s := service()
		var e encoder
		at := e.nest(attrService)
		s.encode(&e)
		appendCounters(&e, svcStats, 4, 0)
		if tc.both {
			appendCounters(&e, svcStats64, 8, big)
		}
		e.end(at)
		u, err := decodeUsage(e.b)
		if err != nil || u.Stats != tc.want || u.ServiceKey != s.ServiceKey {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
		d := dest("10.0.0.1:80", 3)
		e = encoder{}
		at = e.nest(attrDest)
		d.encode(&e, true)
		e.uint32(destPersist, 7)
		appendCounters(&e, destStats, 4, 0)
		if tc.both {
			appendCounters(&e, destStats64, 8, big)
		}
		e.end(at)
		if got, err := decodeServer(e.b); err != nil || got != (ServerUsage{tc.want, 7}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Rows of the kernel's connection table, as Linux 6.1 writes them.
func TestConnections(t *testing.T) {
	list, err := parseConns(strings.NewReader(`Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 7F000001 9C41 0A000001 0050 7F000001 1F90 ESTABLISHED      99
UDP 7F000001 0000 0A000001 13C4 7F000001 13C4 NONE            100 sip abcdef@host
TCP 0000:0000:0000:0000:0000:0000:0000:0001 9C42 2001:0db8:0000:0000:0000:0000:0000:0001 0050 0000:0000:0000:0000:0000:0000:0000:0001 1F90 SYN_RECV      9
`))
	at := netip.MustParseAddrPort
	want := []Conn{
		{"TCP", at("127.0.0.1:40001"), at("10.0.0.1:80"), at("127.0.0.1:8080"), "ESTABLISHED", 99 * time.Second, "", ""},
		{"UDP", at("127.0.0.1:0"), at("10.0.0.1:5060"), at("127.0.0.1:5060"), "NONE", 100 * time.Second, "sip", "abcdef@host"},
		{"TCP", at("[::1]:40002"), at("[2001:db8::1]:80"), at("[::1]:8080"), "SYN_RECV", 9 * time.Second, "", ""},
	}
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
}

// Whatever the kernel says, it is read or refused.
func FuzzUsage(f *testing.F) {
	var e encoder
	at := e.nest(attrService)
	service().encode(&e)
	appendCounters(&e, svcStats64, 8, 1)
	e.end(at)
	f.Add(e.b, "TCP 7F000001 9C41 0A000001 0050 7F000001 1F90 ESTABLISHED      99")
	f.Fuzz(func(_ *testing.T, message []byte, line string) {
		decodeUsage(message)
		decodeServer(message)
		decodeInfo(message)
		parseConn(line)
	})
}
