package diff

import (
	"fmt"
	"reflect"
	"strings"

	"halbd/conf"
)

// judge says where the role of an instance is at risk.
func judge(changes []Change, to *conf.Config) {
	names := map[string]bool{}
	for _, i := range to.Instances {
		names[i.Name] = true
	}
	for n := range changes {
		c := &changes[n]
		was, before := c.was.(conf.Instance)
		is, after := c.is.(conf.Instance)
		switch {
		case before && after:
			c.Risk = risk(&was, &is)
		case before:
			c.Risk = "a master gives up its addresses with priority 0"
			if names[was.Name] {
				c.Risk += "; the instance of the same name is another virtual router, which starts as BACKUP"
			}
		}
	}
}

// risk says what a change in place can do to the role, "" for nothing.
func risk(old, now *conf.Instance) string {
	var why []string
	switch {
	case now.Priority < old.Priority:
		why = append(why, fmt.Sprintf("priority falls from %d to %d: a node in between takes over", old.Priority, now.Priority))
	case now.Priority > old.Priority && !now.NoPreempt:
		why = append(why, fmt.Sprintf("priority rises from %d to %d: a backup takes over from a master in between", old.Priority, now.Priority))
	}
	if wire := onWire(old, now); len(wire) > 0 {
		why = append(why, strings.Join(wire, ", ")+" changed: until the other nodes have the same, adverts are not understood and two nodes are master")
	}
	if !reflect.DeepEqual(old.Track, now.Track) {
		why = append(why, "what it tracks changed: a tracker that is bad now moves the role")
	}
	return strings.Join(why, "; ")
}

// onWire lists what both ends must have alike.
func onWire(old, now *conf.Instance) []string {
	var out []string
	for _, part := range []struct {
		name  string
		equal bool
	}{
		{"version", old.Version == now.Version},
		{"advert_int", old.AdvertInterval == now.AdvertInterval || now.Version == 3},
		{"authentication", old.AuthType == now.AuthType && string(old.AuthPass) == string(now.AuthPass)},
		{"unicast_peer", old.Unicast == now.Unicast && reflect.DeepEqual(old.UnicastPeers, now.UnicastPeers)},
		{"auth_hmac", reflect.DeepEqual(old.HMAC, now.HMAC)},
		{"checksum", old.ChecksumAsV2 == now.ChecksumAsV2 && old.OldChecksum == now.OldChecksum},
	} {
		if !part.equal {
			out = append(out, part.name)
		}
	}
	return out
}
