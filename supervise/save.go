package supervise

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/dump"
	"halbd/status"
)

// What surrounds a reload on the disk: config_save_dir, reload_file and the
// log of reload_check_config.

// reloads is the number of reloads so far, the refused ones too.
func (r *reloadState) reloads() int { return r.count.Done + r.count.Refused }

// saveConfig writes a configuration as it was read to config_save_dir.
func (p *parent) saveConfig(text *conf.Copy) {
	p.save(fmt.Sprintf("keepalived.conf.%d.%d", os.Getpid(), p.reload.reloads()), func(w io.Writer) error {
		_, err := text.WriteTo(w)
		return err
	})
}

// saveState writes the state of the VRRP process to config_save_dir, and calls
// then once it is known: what then does is not in it.
func (p *parent) saveState(when string, then func()) {
	c := p.children[roleVRRP]
	if p.cfg.Global.Dirs.SaveConfig == "" || c == nil {
		then()
		return
	}
	n := p.reload.reloads()
	if when == "pre" {
		n++
	}
	p.askPicture(pictureRequest{then: func(s *status.Status) {
		cfg := p.cfg
		p.save(fmt.Sprintf("keepalived_vrrp.%d.%d.%s", c.cmd.Process.Pid, n, when), func(w io.Writer) error {
			links, err := dump.Links()
			return errors.Join(dump.VRRP(w, cfg, s, links), err)
		})
		then()
	}})
}

// save writes a file to config_save_dir, which is made if its parent exists.
func (p *parent) save(name string, write func(io.Writer) error) {
	dir := p.cfg.Global.Dirs.SaveConfig
	if dir == "" {
		return
	}
	p.dumping.Go(func() {
		err := os.Mkdir(dir, 0o700)
		if err == nil || errors.Is(err, os.ErrExist) {
			err = writeDump(filepath.Join(dir, name), write)
		}
		if err != nil {
			p.log.Error("config_save_dir: " + err.Error())
		}
	})
}

// logCheck writes what was found in a configuration that a reload has refused
// to the log of reload_check_config, and empties it otherwise.
func (p *parent) logCheck(path string, found conf.Diagnostics, refused error) {
	if path == "" {
		return
	}
	var text strings.Builder
	if refused != nil {
		for _, d := range found {
			fmt.Fprintln(&text, d)
		}
		fmt.Fprintln(&text, "reload refused:", refused)
	}
	if err := truncate(path, []byte(text.String())); err != nil {
		p.log.Error("reload_check_config: " + err.Error())
	}
}

// truncate makes text all that a file holds. The file is the same one: others
// may wait for it to change. No link is followed, and a FIFO holds nobody up.
func truncate(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|oNoFollow|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
