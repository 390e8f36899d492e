// Package diff tells what a reload would change, object by object. Objects are
// found by their identity, never by their position: an instance by what the
// wire sees, a server by its address, everything else by its name.
//
// It compares what files mean and says nothing of how they are written.
package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"halbd/conf"
)

// Action is what happens to an object.
type Action string

const (
	Added   Action = "added"
	Removed Action = "removed"
	Changed Action = "changed" // in place: what is not listed stays as it is
)

// Change is one object that a reload adds, removes or changes.
type Change struct {
	Kind   string  `json:"kind"` // the keyword of its block
	Name   string  `json:"name,omitempty"`
	Action Action  `json:"action"`
	Fields []Field `json:"fields,omitempty"` // of an object that is changed in place
	Risk   string  `json:"risk,omitempty"`   // why the role of an instance is at risk

	was, is any // the object; nil where it is not there
}

// Field is one value that is changed. Old or New is empty where it is not set.
type Field struct {
	Path string `json:"path"` // "priority", "track.scripts.0.weight"
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// object is anything with an identity.
type object struct {
	kind, key, name string
	value           any
}

// kinds gives the keyword for each part of a Config, by its name in JSON.
var kinds = map[string]string{
	"global": "global_defs", "static_addresses": "static_ipaddress", "scripts": "vrrp_script", "track_files": "track_file",
	"sync_groups": "vrrp_sync_group", "instances": "vrrp_instance", "virtual_servers": "virtual_server",
	"static_routes": "static_routes", "static_rules": "static_rules", "track_groups": "track_group",
	"track_processes": "vrrp_track_process", "bfd_instances": "bfd_instance", "garp_groups": "garp_group",
	"linkbeat_interfaces": "linkbeat_interfaces", "interface_up_down_delays": "interface_up_down_delays", "ssl": "SSL",
}

// Compare lists what a change from one configuration to another does: first
// what goes, then what comes, then what is changed in place.
func Compare(from, to *conf.Config) []Change {
	before, after := objects(from), objects(to)
	var gone, come, changed []Change
	known := map[string][]object{} // a file with a mistake has several of one identity: the first meets the first
	for _, o := range before {
		known[o.key] = append(known[o.key], o)
	}
	kept := map[string]int{}
	for _, o := range after {
		n := kept[o.key]
		if n == len(known[o.key]) {
			come = append(come, Change{Kind: o.kind, Name: o.name, Action: Added, is: o.value})
			continue
		}
		kept[o.key]++
		old := known[o.key][n]
		if fields := compareFields(old.value, o.value); len(fields) > 0 {
			changed = append(changed, Change{Kind: o.kind, Name: o.name, Action: Changed, Fields: fields, was: old.value, is: o.value})
		}
	}
	for _, o := range before {
		if kept[o.key] > 0 {
			kept[o.key]--
			continue
		}
		gone = append(gone, Change{Kind: o.kind, Name: o.name, Action: Removed, was: o.value})
	}
	all := slices.Concat(gone, come, changed)
	judge(all, to)
	return all
}

// objects takes a Config apart.
func objects(c *conf.Config) []object {
	var out []object
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		kind := kinds[tag]
		switch f := v.Field(i); f.Kind() {
		case reflect.Slice:
			for n := range f.Len() {
				out = append(out, taken(kind, f.Index(n).Interface())...)
			}
		case reflect.Pointer:
			if !f.IsNil() {
				out = append(out, object{kind, kind, "", f.Interface()})
			}
		default:
			out = append(out, object{kind, kind, "", f.Interface()})
		}
	}
	return out
}

// taken makes objects of one element of a list.
func taken(kind string, value any) []object {
	switch v := value.(type) {
	case conf.Instance:
		return []object{{kind, fmt.Sprint(kind, v.Key()), describeInstance(&v), v}}
	case conf.VirtualServer:
		return takenServer(kind, v)
	}
	if name := reflect.ValueOf(value).FieldByName("Name"); name.IsValid() {
		return []object{{kind, kind + " " + name.String(), name.String(), value}}
	}
	text := describe(value)
	return []object{{kind, kind + " " + text, text, value}}
}

// takenServer makes a virtual server and its real servers objects of their own.
func takenServer(kind string, v conf.VirtualServer) []object {
	key := v.Key()
	out := []object{{kind: kind, key: kind + " " + key, name: key}}
	for _, r := range v.RealServers {
		name := fmt.Sprintf("%s of %s", r.Addr, key)
		out = append(out, object{"real_server", "real_server " + name, name, r})
	}
	v.RealServers = nil
	out[0].value = v
	return out
}

func describeInstance(i *conf.Instance) string {
	return fmt.Sprintf("%s (%s, VRID %d, %s)", i.Name, i.Interface, i.VRID, i.Family)
}
