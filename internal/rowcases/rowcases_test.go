package rowcases

import (
	"bytes"
	"reflect"
	"testing"
)

// The nearest values outside a range are one unit of its last place away.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		row  Row
		want bounds
	}{
		{Row{Args: "<uint>", Min: "1", Max: "255"}, bounds{"0", "1", "255", "256"}},
		{Row{Args: "<int> [reverse]", Min: "-254", Max: "254"}, bounds{"-255", "-254", "254", "255"}},
		{Row{Args: "<decimal, 3 places>", Min: "0.001", Max: "4294"}, bounds{"0.000", "0.001", "4294", "4294.001"}},
		{Row{Args: "<decimal, 6 places>", Min: "0", Max: "18446744073709.551614"}, bounds{"-0.000001", "0", "18446744073709.551614", "18446744073709.551615"}},
		{Row{Args: "<cpu id> ...", Min: "0", Max: "online cpus - 1"}, bounds{"-1", "0", "", ""}},
		{Row{Args: "none"}, bounds{}},
	} {
		if got := boundsOf(c.row); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.row, got, c.want)
		}
	}
}

// A row becomes a whole file, and the line of its statement is known.
func TestCases(t *testing.T) {
	want := map[Variant]string{
		Legal: "virtual_router_id 3", Min: "virtual_router_id 1", Max: "virtual_router_id 255", Below: "virtual_router_id 0",
		Above: "virtual_router_id 256", Few: "virtual_router_id", Many: "virtual_router_id 3 surplus", Wrong: "virtual_router_id 3x",
	}
	cases := All([]Row{{Block: "vrrp_instance", Name: "virtual_router_id", Args: "<uint>", Min: "1", Max: "255"}})
	if len(cases) != len(want) {
		t.Errorf("%d variants, want %d", len(cases), len(want))
	}
	for _, c := range cases {
		lines := bytes.Split([]byte(c.Text), []byte("\n"))
		if got := string(lines[c.Line-1]); got != want[c.Variant] {
			t.Errorf("%s: line %d is %q, want %q", c.Variant, c.Line, got, want[c.Variant])
		}
		if bytes.Count([]byte(c.Text), []byte("virtual_router_id")) != 1 {
			t.Errorf("%s: the statement stands twice\n%s", c.Variant, c.Text)
		}
	}
}

func TestVerdictsAreReadBack(t *testing.T) {
	cases := All([]Row{{Block: "root", Name: "child_wait_time", Args: "<uint>", Min: "0", Max: "9"}})
	want := map[string]Record{}
	for i, c := range cases {
		want[c.ID()] = Record{Status: i, Lines: []int{-i, 0, i}, Source: "2.4.3"}
	}
	var file bytes.Buffer
	if err := WriteVerdicts(&file, cases, want); err != nil {
		t.Fatal(err)
	}
	digest, got, err := ReadVerdicts(&file)
	if err != nil || digest != Digest(cases) || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %s: %v, want %v", err, digest, got, want)
	}
}

func TestBlockStart(t *testing.T) {
	const text = "a {\nb\nc {\nd\n}\n}\ne {\n}\n"
	for line, want := range map[int]int{1: 1, 2: 2, 5: 3, 6: 1, 8: 7, 99: 99} {
		if got := BlockStart(text, line); got != want {
			t.Errorf("line %d: %d, want %d", line, got, want)
		}
	}
}
