// Package netns does things in another network namespace than the process's.
package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// dir is where ip netns keeps the names.
const dir = "/run/netns"

// Init is the namespace of process 1, which is the host's, or the container's.
const Init = "/proc/1/ns/net"

// Named is the file of a namespace that has a name.
func Named(name string) string { return filepath.Join(dir, name) }

// Do calls f on a thread of its own that is in the namespace of a file. The
// sockets that f opens belong there for good.
func Do(file string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ns, err := os.Open(file)
		if err != nil {
			done <- err
			return
		}
		defer ns.Close()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("enter network namespace %s: %w", file, err)
			return
		}
		done <- f()
	}()
	return <-done
}
