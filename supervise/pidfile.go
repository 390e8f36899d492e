package supervise

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

const oNoFollow = unix.O_NOFOLLOW

// errRunning means that another process holds the lock on a pid file.
var errRunning = errors.New("already running")

// pidFile is a pid file that its process holds a write lock on.
type pidFile struct {
	f *os.File
}

// lockPIDFile creates the file, locks it and writes our pid. The lock is on
// the open file description, so it ends with the process however that dies.
func lockPIDFile(path string) (*pidFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("directory of pid file %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|oNoFollow, 0o644)
	if err != nil {
		return nil, fmt.Errorf("pid file: %w", err)
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, fmt.Errorf("%w: pid file %s is locked by another process", errRunning, path)
		}
		return nil, fmt.Errorf("lock pid file %s: %w", path, err)
	}
	p := &pidFile{f: f}
	if err := p.write(); err != nil {
		f.Close()
		return nil, fmt.Errorf("write pid file %s: %w", path, err)
	}
	return p, nil
}

func (p *pidFile) write() error {
	if err := p.f.Chmod(0o644); err != nil { // whatever the umask is
		return err
	}
	if err := p.f.Truncate(0); err != nil {
		return err
	}
	_, err := p.f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// remove deletes the file and releases the lock.
func (p *pidFile) remove() {
	if p == nil {
		return
	}
	os.Remove(p.f.Name())
	p.f.Close()
}

// pidPath gives the default pid file: /run/NAME.pid, with an instance keyword
// /run/keepalived/NAME_INSTANCE.pid, and /run/keepalived/NAME.pid with
// use_pid_dir or in a network namespace, which has a directory of its own there.
func pidPath(given, name string, g *conf.Global) string {
	switch {
	case given != "":
		return given
	case g.InstanceName != "":
		return filepath.Join(pidDir, name+"_"+g.InstanceName+".pid")
	case g.UsePIDDir || g.Namespaces.Name != "":
		return filepath.Join(pidDir, name+".pid")
	}
	return "/run/" + name + ".pid"
}
