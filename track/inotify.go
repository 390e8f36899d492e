package track

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// follow calls changed each time a file has been written and closed, replaced
// or removed, until ctx ends. It watches the directory: the file itself may
// not exist yet. A writer that has only opened or truncated it has not
// finished, which is why the portable notification libraries do not do.
func follow(ctx context.Context, path string, ready, changed func()) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("inotify: %w", err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { f.Close() })
	defer stop()
	dir, name := filepath.Split(path)
	const mask = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE
	if _, err := unix.InotifyAddWatch(fd, filepath.Clean(dir), mask); err != nil {
		return fmt.Errorf("inotify on %s: %w", dir, err)
	}
	ready()
	buf := make([]byte, 16<<10)
	for {
		n, err := f.Read(buf)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, os.ErrClosed) {
				return nil
			}
			return fmt.Errorf("inotify: %w", err)
		}
		if concerns(buf[:n], name) {
			changed()
		}
	}
}

// concerns looks for a name in a read of struct inotify_event. An overflow
// concerns everybody.
func concerns(b []byte, name string) bool {
	for len(b) >= unix.SizeofInotifyEvent {
		mask := binary.NativeEndian.Uint32(b[4:])
		end := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		if end > len(b) {
			return true
		}
		got, _, _ := bytes.Cut(b[unix.SizeofInotifyEvent:end], []byte{0})
		if mask&unix.IN_Q_OVERFLOW != 0 || string(got) == name {
			return true
		}
		b = b[end:]
	}
	return false
}
