package dump

import (
	"io"

	"halbd/vrrp"
)

// Stats writes keepalived.stats: what every instance has counted.
func Stats(w io.Writer, list []vrrp.InstanceStatus) error {
	o := &sheet{w: w}
	for i := range list {
		o.linef("VRRP Instance: %s", list[i].Name)
		for _, g := range statLayout {
			if g.lines[0].name == "" {
				o.linef("  %s: %d", g.title, g.lines[0].value(&list[i].Counters))
				continue
			}
			o.linef("  %s:", g.title)
			for _, l := range g.lines {
				o.linef("    %s: %d", l.name, l.value(&list[i].Counters))
			}
		}
	}
	return o.err
}

// statGroup is a heading of the statistics and what stands below it.
type statGroup struct {
	title string
	lines []statLine
}

type statLine struct {
	name  string
	value func(*vrrp.Counters) uint64
}

// statLayout is the order of keepalived 2.4's statistics. A group of one line
// without a name has no heading of its own.
var statLayout = []statGroup{
	{"Advertisements", []statLine{
		{"Received", func(k *vrrp.Counters) uint64 { return k.AdvertsReceived }},
		{"Sent", func(k *vrrp.Counters) uint64 { return k.AdvertsSent }},
	}},
	{"Became master", []statLine{{"", func(k *vrrp.Counters) uint64 { return k.BecameMaster }}}},
	{"Released master", []statLine{{"", func(k *vrrp.Counters) uint64 { return k.ReleasedMaster }}}},
	{"Packet Errors", []statLine{
		{"Length", func(k *vrrp.Counters) uint64 { return k.Length }},
		{"TTL", func(k *vrrp.Counters) uint64 { return k.TTL }},
		{"Invalid Type", func(k *vrrp.Counters) uint64 { return k.InvalidType }},
		{"Advertisement Interval", func(k *vrrp.Counters) uint64 { return k.AdvertInterval }},
		{"Address List", func(k *vrrp.Counters) uint64 { return k.AddressList }},
	}},
	{"Authentication Errors", []statLine{
		{"Invalid Type", func(k *vrrp.Counters) uint64 { return k.InvalidAuthType }},
		{"Type Mismatch", func(k *vrrp.Counters) uint64 { return k.AuthTypeMismatch }},
		{"Failure", func(k *vrrp.Counters) uint64 { return k.AuthFailure }},
	}},
	{"Authentication Extension Errors", []statLine{
		{"Missing", func(k *vrrp.Counters) uint64 { return k.HMACMissing }},
		{"Malformed", func(k *vrrp.Counters) uint64 { return k.HMACMalformed }},
		{"Unknown Key", func(k *vrrp.Counters) uint64 { return k.HMACUnknownKey }},
		{"Invalid HMAC", func(k *vrrp.Counters) uint64 { return k.HMACInvalid }},
		{"Stale", func(k *vrrp.Counters) uint64 { return k.HMACStale }},
		{"Replay", func(k *vrrp.Counters) uint64 { return k.HMACReplay }},
	}},
	{"Priority Zero", []statLine{
		{"Received", func(k *vrrp.Counters) uint64 { return k.PriorityZeroRcvd }},
		{"Sent", func(k *vrrp.Counters) uint64 { return k.PriorityZeroSent }},
	}},
}
