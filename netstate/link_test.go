package netstate

import (
	"os/exec"
	"testing"

	"halbd/conf"
)

// A VMAC is made, shown by the kernel as it was meant, taken back by a repeated
// request without harm, and goes with its group; others stay.
func TestLinksInTheKernel(t *testing.T) {
	namespace(t)
	if out, err := exec.Command("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "peer0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	watch, err := Watch(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	m := NewMirror()
	look := func() {
		t.Helper()
		u, err := watch.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		m.Apply(u)
	}
	apply := func(ops ...Op) {
		t.Helper()
		if refused, err := w.Apply(ops); err != nil || len(refused) > 0 {
			t.Fatalf("refused %v, error %v", refused, err)
		}
		look()
	}
	look()
	parent := m.Link("eth0")
	link := &conf.Link{Name: "vrrp.51", Kind: conf.LinkMACVLAN, Parent: "eth0", MAC: "00:00:5e:00:01:33", Group: 7}
	other := &conf.Link{Name: "vrrp.52", Kind: conf.LinkMACVLAN, Parent: "eth0", MAC: "00:00:5e:00:01:34"}
	quiet := &QuietParent{Index: parent.Index, Name: "eth0"}
	apply(Op{Object: quiet}, Op{Object: &MadeLink{Link: link, Parent: parent.Index}}, Op{Object: &NoOwnAddress{Name: "vrrp.51"}},
		Op{Object: &Sysctl{Path: "net/ipv6/conf/vrrp.51/disable_ipv6", Value: "1"}}, Op{Object: &LinkUp{Name: "vrrp.51", VMAC: true}},
		Op{Object: &MadeLink{Link: link, Parent: parent.Index}}, Op{Object: &MadeLink{Link: other, Parent: parent.Index}})
	l := m.Link("vrrp.51")
	if l == nil || l.Kind != "macvlan" || !l.Private || l.Parent != parent.Index || l.Address() != link.MAC || l.Group != 7 || !l.AdminUp || !l.Ether {
		t.Fatalf("made %+v on %d", l, parent.Index)
	}
	if o := m.Link("vrrp.52"); o == nil || o.AdminUp {
		t.Errorf("the other one: %+v", o)
	}
	if got := readValue("eth0", "arp_ignore"); got != 1 {
		t.Errorf("arp_ignore of eth0 is %d", got)
	}

	link.MAC, link.Group = "00:00:5e:00:01:35", 0
	apply(Op{Object: &LinkMAC{Link: link}})
	if l := m.Link("vrrp.51"); l.Address() != link.MAC || l.Group != 0 {
		t.Errorf("changed: %+v", l)
	}

	group := m.FreeGroup()
	apply(Op{Object: &SetGroup{Index: l.Index, Name: l.Name, Group: group}}, Op{Remove: true, Object: &LinkGroup{Group: group}}, Op{Remove: true, Object: quiet})
	if m.Link("vrrp.51") != nil || m.Link("vrrp.52") == nil || m.Link("eth0") == nil {
		t.Error("the group took the wrong links")
	}
	if got := readValue("eth0", "arp_ignore"); got != 0 {
		t.Errorf("arp_ignore of eth0 is %d afterwards", got)
	}
	apply(Op{Remove: true, Object: &MadeLink{Link: other}}, Op{Remove: true, Object: &MadeLink{Link: other}}) // by its name, twice
	if m.Link("vrrp.52") != nil {
		t.Error("vrrp.52 is still there")
	}
}
