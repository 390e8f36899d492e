package supervise

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halbd/conf"
	"halbd/status"
	"halbd/vrrp"
)

// dumpStats asks for the counters of VRRP and writes them into the file: the
// process which serves adverts writes none.
func (p *parent) dumpStats(clear bool) {
	if p.children[roleVRRP] == nil {
		p.log.Warn("no VRRP process is running: there are no statistics to write")
		return
	}
	p.askPicture(pictureRequest{clear: clear, then: func(s *status.Status) { p.writeStats(s.VRRP.Instances) }})
}

func (p *parent) writeStats(list []vrrp.InstanceStatus) {
	path := dumpPath(p.cfg, p.cfg.Global.Dumps.Stats, "keepalived", ".stats")
	if err := writeDump(path, func(w io.Writer) { writeStats(w, list) }); err != nil {
		p.log.Error("statistics could not be written: " + err.Error())
		return
	}
	p.log.Info("VRRP statistics written to " + path)
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

func writeStats(w io.Writer, list []vrrp.InstanceStatus) {
	for i := range list {
		fmt.Fprintf(w, "VRRP Instance: %s\n", list[i].Name)
		for _, g := range statLayout {
			if g.lines[0].name == "" {
				fmt.Fprintf(w, "  %s: %d\n", g.title, g.lines[0].value(&list[i].Counters))
				continue
			}
			fmt.Fprintf(w, "  %s:\n", g.title)
			for _, l := range g.lines {
				fmt.Fprintf(w, "    %s: %d\n", l.name, l.value(&list[i].Counters))
			}
		}
	}
}

// dumpPath is where a dump file goes: to the configured path, or to name and
// suffix in the directory of temporary files. With data_use_instance the
// network namespace and the instance of the daemon are part of the name.
func dumpPath(cfg *conf.Config, configured, name, suffix string) string {
	g := &cfg.Global
	path := configured
	if path == "" {
		dir := os.Getenv("TMPDIR")
		if !filepath.IsAbs(dir) {
			dir = "/tmp"
		}
		path = filepath.Join(dir, name+suffix)
	}
	if !g.Dumps.UseInstance {
		return path
	}
	suffix = filepath.Ext(path)
	for _, part := range []string{g.Namespaces.Name, g.InstanceName} {
		if part != "" {
			path = strings.TrimSuffix(path, suffix) + "_" + part + suffix
		}
	}
	return path
}

// writeDump writes a file of mode 0600 in one go: whoever reads it sees the
// old content or the new one. The name may be in a directory that everybody
// can write to, so nothing that stands there already is opened.
func writeDump(path string, write func(io.Writer)) error {
	var text strings.Builder
	write(&text)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	if err = cmp.Or(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
