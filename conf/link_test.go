package conf

import (
	"fmt"
	"slices"
	"testing"
)

// placed lists the addresses of an instance with the interface that carries
// each, and then the links that the daemon makes.
func placed(c *Config) []string {
	var out []string
	for n := range c.Instances {
		i := &c.Instances[n]
		for _, a := range slices.Concat(i.Addresses, i.Excluded) {
			out = append(out, fmt.Sprint(a.Prefix, " ", a.Interface))
		}
	}
	for _, l := range c.Links() {
		out = append(out, fmt.Sprint(l.Kind, " ", l.Name, "@", l.Parent, " ", l.MAC))
	}
	return out
}

// Where keepalived 2.2.7 puts the addresses, and how it names what it makes.
func TestAddressesOnLinks(t *testing.T) {
	const mixed = "virtual_ipaddress {\n10.0.0.100/24\n10.0.0.101/24 dev eth0\n10.1.0.101/24 dev eth1\n10.1.0.102/24 dev eth1 use_vmac\n}\n" +
		"virtual_ipaddress_excluded {\nfd00::200/64\n}\n"
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"none", mixed, []string{
			"10.0.0.100/24 eth0", "10.0.0.101/24 eth0", "10.1.0.101/24 eth1", "10.1.0.102/24 vrrp.51", "fd00::200/64 eth0",
			"macvlan vrrp.51@eth1 00:00:5e:00:01:33"}},
		{"VMAC", "use_vmac\n" + mixed, []string{
			"10.0.0.100/24 vrrp.51", "10.0.0.101/24 vrrp.51", "10.1.0.101/24 eth1", "10.1.0.102/24 vrrp1.51", "fd00::200/64 eth0",
			"macvlan vrrp.51@eth0 00:00:5e:00:01:33", "macvlan vrrp1.51@eth1 00:00:5e:00:01:33"}},
		{"VMACs for all", "use_vmac vm0\nuse_vmac_addr\n" + mixed, []string{
			"10.0.0.100/24 vm0", "10.0.0.101/24 vm0", "10.1.0.101/24 vrrp.51", "10.1.0.102/24 vrrp.51", "fd00::200/64 vrrp6.51",
			"macvlan vm0@eth0 00:00:5e:00:01:33", "macvlan vrrp.51@eth1 00:00:5e:00:01:33", "macvlan vrrp6.51@eth0 00:00:5e:00:02:33"}},
		{"VMACs for other addresses only", "use_vmac_addr\n" + mixed, []string{
			"10.0.0.100/24 eth0", "10.0.0.101/24 eth0", "10.1.0.101/24 vrrp.51", "10.1.0.102/24 vrrp.51", "fd00::200/64 vrrp6.51",
			"macvlan vrrp.51@eth1 00:00:5e:00:01:33", "macvlan vrrp6.51@eth0 00:00:5e:00:02:33"}},
		{"written MAC", "use_vmac vm5 02:00:00:11:22\nuse_vmac_addr\n" + mixed, []string{
			"10.0.0.100/24 vm5", "10.0.0.101/24 vm5", "10.1.0.101/24 vrrp.51", "10.1.0.102/24 vrrp.51", "fd00::200/64 vrrp6.51",
			"macvlan vm5@eth0 02:00:00:11:22:33", "macvlan vrrp.51@eth1 02:00:00:11:22:33", "macvlan vrrp6.51@eth0 00:00:5e:00:02:33"}},
		{"ipvlan", "use_ipvlan 10.0.0.9/24\n" + mixed, []string{
			"10.0.0.100/24 eth0", "10.0.0.101/24 eth0", "10.1.0.101/24 eth1", "10.1.0.102/24 vrrp1.51", "fd00::200/64 eth0",
			"ipvlan vrrp.51@eth0 ", "macvlan vrrp1.51@eth1 00:00:5e:00:01:33"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, ds := loadText(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n"+c.body+"}\n", fakeHost{})
			if ds.ExitStatus() != 0 {
				t.Fatal(ds)
			}
			if got := placed(cfg); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// A VMAC is part of what a reload finds an instance again by.
func TestKeyOfLinks(t *testing.T) {
	key := func(body string) InstanceKey {
		cfg, _ := loadText(t, "vrrp_instance V {\ninterface eth0\nvirtual_router_id 51\n"+body+"virtual_ipaddress {\n10.0.0.1\n}\n}\n", fakeHost{})
		return cfg.Instances[0].Key()
	}
	if key("use_vmac\n") == key("") || key("use_vmac\n") == key("use_vmac 02:00:00:00:00:09\n") || key("use_vmac\n") == key("use_ipvlan 10.0.0.9\n") {
		t.Error("another link is another router on the wire")
	}
	if key("use_vmac\n") != key("use_vmac vm9\nvmac_xmit_base\n") {
		t.Error("the name of the VMAC changes nothing on the wire")
	}
}
