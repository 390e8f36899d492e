package track

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// place is a name in a directory whose change may change what a path leads to.
// Without a name only what becomes of the directory itself counts.
type place struct{ dir, name string }

// places lists what must be watched to follow a path: the directory of the
// file itself, that of every symbolic link on the way, the one in which
// something is missing, and every directory that is passed. last tells the
// file's own place.
func places(path string) (list []place, last place) {
	const maxLinks = 40 // as the kernel's
	rest, dir := strings.Split(strings.TrimPrefix(filepath.Clean(path), "/"), "/"), "/"
	for links := 0; len(rest) > 0; {
		name := rest[0]
		at := place{dir, name}
		rest = rest[1:]
		full := filepath.Join(dir, name)
		info, err := os.Lstat(full)
		switch {
		case err != nil:
			return append(list, at), at
		case info.Mode()&os.ModeSymlink != 0:
			list = append(list, at)
			target, err := os.Readlink(full)
			if links++; err != nil || links > maxLinks {
				return list, at
			}
			if filepath.IsAbs(target) {
				dir = "/"
			}
			rest = append(strings.Split(strings.Trim(filepath.Clean(target), "/"), "/"), rest...)
		case len(rest) == 0:
			return append(list, at), at
		case name == "..":
			dir = filepath.Dir(dir)
		default:
			dir = full
			list = append(list, place{dir, ""})
		}
	}
	return list, place{dir, ""} // a directory: nothing to read
}

// watchMask: a writer that has only opened or truncated a file has not
// finished, so IN_MODIFY is not among them.
const (
	selfMask = unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	nameMask = selfMask | unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE | unix.IN_CREATE
)

// watched is a directory that is watched.
type watched struct {
	wd   int
	mask uint32
}

// follower watches the places of one path.
type follower struct {
	path    string
	fd      int
	dirs    map[string]watched
	names   map[int]map[string]bool
	last    place
	silent  bool // on a file system that does not tell of others' changes
	failure string
}

// Follow calls changed at first and each time a file has been written and
// closed, replaced or removed, until ctx ends. Neither the file nor its
// directory needs to exist.
func Follow(ctx context.Context, path string, changed func(), complain func(string)) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("inotify: %w", err)
	}
	file := os.NewFile(uintptr(fd), "inotify")
	defer file.Close()
	stop := context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Now()) })
	defer stop()
	f := &follower{path: path, fd: fd, dirs: map[string]watched{}, names: map[int]map[string]bool{}}
	buf := make([]byte, 16<<10)
	for {
		f.rewatch(complain)
		changed()
		if err := f.await(ctx, file, buf); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// readPause is how often a file on a silent file system is looked at.
const readPause = time.Second

// await returns when something may have changed.
func (f *follower) await(ctx context.Context, file *os.File, buf []byte) error {
	for {
		if f.silent || f.failure != "" {
			file.SetReadDeadline(time.Now().Add(readPause))
		} else {
			file.SetReadDeadline(time.Time{})
		}
		if ctx.Err() != nil { // its deadline may just have been undone
			return nil
		}
		n, err := file.Read(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return fmt.Errorf("inotify: %w", err)
		case f.concerns(buf[:n]):
			return nil
		}
	}
}

// rewatch makes the watches those of the places that there are now.
func (f *follower) rewatch(complain func(string)) {
	for round := 0; round < 3; round++ { // a place that changes meanwhile is looked at again
		list, last := places(f.path)
		f.last = last
		if !f.watch(list, complain) {
			return
		}
	}
}

// watch adds and removes watches; it reports whether one was added.
func (f *follower) watch(list []place, complain func(string)) (added bool) {
	want := map[string]map[string]bool{}
	for _, p := range list {
		if want[p.dir] == nil {
			want[p.dir] = map[string]bool{}
		}
		if p.name != "" {
			want[p.dir][p.name] = true
		}
	}
	for dir, w := range f.dirs {
		if want[dir] == nil {
			unix.InotifyRmWatch(f.fd, uint32(w.wd))
			delete(f.dirs, dir)
			delete(f.names, w.wd)
		}
	}
	failure := ""
	f.silent = false
	for dir, names := range want {
		mask := uint32(selfMask)
		if len(names) > 0 {
			mask = nameMask
			f.silent = f.silent || isSilent(dir)
		}
		if f.dirs[dir].mask != mask {
			wd, err := unix.InotifyAddWatch(f.fd, dir, mask)
			if err != nil {
				failure = fmt.Sprintf("%s cannot be watched, it is read every %v: %v", dir, readPause, err)
				continue
			}
			f.dirs[dir], added = watched{wd, mask}, true
		}
		f.names[f.dirs[dir].wd] = names
	}
	if failure != "" && failure != f.failure {
		complain(failure)
	}
	f.failure = failure
	return added
}

// isSilent reports whether a directory is on a file system whose changes by
// other hosts, or by the kernel, inotify does not report.
func isSilent(dir string) bool {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return false
	}
	switch uint32(s.Type) {
	case unix.NFS_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC,
		unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC, unix.V9FS_MAGIC, unix.OCFS2_SUPER_MAGIC, unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC:
		return true
	}
	return false
}

// concerns looks for our places in a read of struct inotify_event. An overflow
// and the end of a directory concern everybody.
func (f *follower) concerns(b []byte) (yes bool) {
	for len(b) >= unix.SizeofInotifyEvent {
		wd := int(int32(binary.NativeEndian.Uint32(b)))
		mask := binary.NativeEndian.Uint32(b[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		if end > len(b) {
			return true
		}
		got, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			yes = true
		case mask&(unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_IGNORED|unix.IN_UNMOUNT) != 0:
			yes = f.lost(wd) || yes
		case f.names[wd][string(got)]:
			yes = yes || mask&unix.IN_CREATE == 0 || f.finished(wd, string(got))
		}
		b = b[end:]
	}
	return yes
}

// lost forgets the watch of a directory that has gone or moved.
func (f *follower) lost(wd int) bool {
	for dir, have := range f.dirs {
		if have.wd == wd {
			unix.InotifyRmWatch(f.fd, uint32(wd))
			delete(f.dirs, dir)
			delete(f.names, wd)
			return true
		}
	}
	return false
}

// finished reports whether something that was just created is complete: a
// regular file that is still empty will be written and closed.
func (f *follower) finished(wd int, name string) bool {
	if f.dirs[f.last.dir].wd != wd || f.last.name != name {
		return true
	}
	info, err := os.Lstat(filepath.Join(f.last.dir, name))
	return err != nil || !info.Mode().IsRegular() || info.Size() > 0
}
