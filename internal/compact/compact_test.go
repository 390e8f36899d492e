package compact

import (
	"encoding/json"
	"math"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"halbd/conf"
)

type leaf struct {
	Name  string
	Addr  netip.AddrPort
	On    bool
	Left  string `json:"-"`
	local int
}

type tree struct {
	A     netip.Addr
	P     netip.Prefix
	N     int64
	U     uint16
	F     float64
	D     time.Duration
	B     []byte
	Bools []bool
	Words []string
	Sub   *leaf
	Subs  []leaf
	Fixed [3]int8
	Deep  **int
}

func drawLeaf(t *rapid.T) leaf {
	l := leaf{Name: rapid.StringN(0, 3, -1).Draw(t, "name"), On: rapid.Bool().Draw(t, "on")}
	if rapid.Bool().Draw(t, "has an address") {
		l.Addr = netip.AddrPortFrom(rapid.SampledFrom([]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%eth0"), netip.IPv6Unspecified()}).Draw(t, "address"), rapid.Uint16().Draw(t, "port"))
	}
	return l
}

// What is read is what was written, whatever it is.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int().Draw(t, "deep")
		pn := &n
		want := tree{N: rapid.Int64().Draw(t, "n"), U: rapid.Uint16().Draw(t, "u"), F: rapid.Float64().Draw(t, "f"), D: time.Duration(rapid.Int64().Draw(t, "d")),
			A: netip.MustParseAddr("2001:db8::1"), P: netip.MustParsePrefix("10.0.0.0/8"),
			Fixed: [3]int8{-1, 0, math.MaxInt8}, Deep: &pn}
		for range rapid.IntRange(0, 4).Draw(t, "subs") {
			want.Subs = append(want.Subs, drawLeaf(t))
			want.Words = append(want.Words, rapid.SampledFrom([]string{"", "a", "NAT"}).Draw(t, "word"))
			want.Bools = append(want.Bools, rapid.Bool().Draw(t, "bool"))
			want.B = append(want.B, rapid.Byte().Draw(t, "byte"))
		}
		if rapid.Bool().Draw(t, "sub") {
			l := drawLeaf(t)
			want.Sub = &l
		}
		b, err := Append([]byte(nil), &want)
		if err != nil {
			t.Fatal(err)
		}
		var got tree
		if err := Read(b, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, want)
		}
		for i := range b { // cut anywhere: an error, never a panic
			if Read(b[:i], new(tree)) == nil {
				t.Fatalf("%d of %d bytes are enough", i, len(b))
			}
		}
	})
}

// What is not for others stays behind; what cannot be handed over is refused.
func TestWhatIsNotHandedOver(t *testing.T) {
	b, err := Append(nil, &leaf{Name: "n", Left: "left", local: 1})
	var got leaf
	if err != nil || Read(b, &got) != nil || got != (leaf{Name: "n"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, v := range []any{&map[string]int{}, new(any), &struct{ M map[string]int }{map[string]int{"a": 1}}} {
		if _, err := Append(nil, v); err == nil {
			t.Errorf("%T is written", v)
		}
	}
}

// Every configuration of the project's test data arrives as JSON would bring it.
func TestConfigurationsArriveWhole(t *testing.T) {
	files, _ := filepath.Glob("../../conf/testdata/golden/*.conf")
	more, _ := filepath.Glob("../../keepalived.conf.example")
	if files = append(files, more...); len(files) < 5 {
		t.Fatalf("only %d files", len(files))
	}
	for _, f := range files {
		want, _ := conf.Load(f, conf.Options{})
		b, err := Append(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, asJSON := new(conf.Config), new(conf.Config)
		if err := Read(b, got); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		text, err := json.Marshal(want)
		if err != nil || json.Unmarshal(text, asJSON) != nil {
			t.Fatalf("%s: JSON: %v", f, err)
		}
		if again, _ := json.Marshal(got); string(again) != string(text) {
			t.Errorf("%s: got\n%s\nwant\n%s", f, again, text)
		}
		if len(b)*2 > len(text) {
			t.Errorf("%s: %d bytes, as JSON %d", f, len(b), len(text))
		}
	}
}

// Whatever arrives, reading ends with a value or an error.
func FuzzRead(f *testing.F) {
	b, _ := Append(nil, &tree{Sub: &leaf{Name: "n"}, Words: []string{"a", "a"}, Subs: make([]leaf, 3)})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) { Read(b, new(tree)) })
}
