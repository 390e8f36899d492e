package supervise

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"halbd/conf"
	"halbd/dump"
	"halbd/status"
)

// Dump files are written by the parent, from a picture: the process that serves
// adverts writes none. They are written beside the loop, because a large one
// takes its time.

// dumpFile is one of them: where it goes and what is in it.
type dumpFile struct {
	what  string // for the log
	path  string
	write func(io.Writer) error
}

// dump asks for a picture and writes the files that are made of it.
func (p *parent) dump(clear bool, files func(*conf.Config, *status.Status) []dumpFile) {
	p.askPicture(pictureRequest{clear: clear, then: func(s *status.Status) {
		cfg, err := p.whole()
		if err != nil {
			p.log.Error(err.Error())
			return
		}
		list := files(cfg, s)
		p.dumping.Go(func() {
			for _, f := range list {
				if err := writeDump(f.path, f.write); err != nil {
					p.log.Error(f.what + " could not be written: " + err.Error())
				} else {
					p.log.Info(f.what + " written to " + f.path)
				}
			}
		})
	}})
}

// dumpData writes the state of these processes, by default of all that run and
// of the parent (SIGUSR1).
func (p *parent) dumpData(only ...role) {
	p.dump(false, func(cfg *conf.Config, s *status.Status) []dumpFile {
		var list []dumpFile
		add := func(what, part string, write func(io.Writer) error) {
			list = append(list, dumpFile{what + " data", dumpPath(cfg, cfg.Global.Dumps.State, "keepalived.data", part), write})
		}
		wanted := only
		if len(only) == 0 {
			add("Parent", "_parent", func(w io.Writer) error { return dump.Parent(w, cfg, s) })
			wanted = roles
		}
		for _, r := range wanted {
			if p.children[r] == nil {
				continue
			}
			switch r {
			case roleVRRP:
				add("VRRP", "", func(w io.Writer) error {
					links, err := dump.Links()
					return errors.Join(dump.VRRP(w, cfg, s, links), err)
				})
			case roleChecker:
				add("Checker", "_check", func(w io.Writer) error { return dump.Checker(w, cfg, s) })
			case roleBFD:
				add("BFD", "_bfd", func(w io.Writer) error { return dump.BFD(w, cfg, s) })
			}
		}
		return list
	})
}

// dumpStats writes what VRRP has counted (SIGUSR2).
func (p *parent) dumpStats(clear bool) {
	if !p.haveVRRP("statistics") {
		return
	}
	p.dump(clear, func(cfg *conf.Config, s *status.Status) []dumpFile {
		return []dumpFile{{"VRRP statistics", dumpPath(cfg, cfg.Global.Dumps.Stats, "keepalived.stats", ""),
			func(w io.Writer) error { return dump.Stats(w, s.VRRP.Instances) }}}
	})
}

// dumpJSON writes the instances as JSON (SIGRTMIN+2).
func (p *parent) dumpJSON() {
	if !p.haveVRRP("JSON") {
		return
	}
	p.dump(false, func(cfg *conf.Config, s *status.Status) []dumpFile {
		return []dumpFile{{"VRRP JSON", dumpPath(cfg, cfg.Global.Dumps.JSON, "keepalived.json", ""),
			func(w io.Writer) error { return dump.JSON(w, cfg, s) }}}
	})
}

func (p *parent) haveVRRP(what string) bool {
	if p.children[roleVRRP] != nil {
		return true
	}
	p.log.Warn("no VRRP process is running: there is no " + what + " to write")
	return false
}

// dumpPath is where a dump file goes: to the configured path, or to name in the
// directory of temporary files. part, and with data_use_instance the network
// namespace and the instance of the daemon, stand before the suffix.
func dumpPath(cfg *conf.Config, configured, name, part string) string {
	g := &cfg.Global
	path := configured
	if path == "" {
		dir := os.Getenv("TMPDIR")
		if !filepath.IsAbs(dir) {
			dir = "/tmp"
		}
		path = filepath.Join(dir, name)
	}
	if g.Dumps.UseInstance {
		for _, name := range []string{g.Namespaces.Name, g.InstanceName} {
			if name != "" {
				part += "_" + name
			}
		}
	}
	suffix := filepath.Ext(path)
	return strings.TrimSuffix(path, suffix) + part + suffix
}

// writeDump writes a file of mode 0600 in one go: whoever reads it sees the
// old content or the new one. The name may be in a directory that everybody
// can write to, so nothing that stands there already is opened.
func writeDump(path string, write func(io.Writer) error) error {
	var text strings.Builder
	if err := write(&text); err != nil {
		return err
	}
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
