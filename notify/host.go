package notify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halbd/conf"
	"halbd/internal/clientcert"
)

// SystemHost answers the configuration's questions about this machine.
type SystemHost struct {
	AskDNS bool // name servers may be asked: for a test, which may wait
}

// dnsLimit is how long a name server may take.
const dnsLimit = 2 * time.Second

// ResolveHost asks /etc/hosts and the name servers, unless those are not to be asked.
func (h SystemHost) ResolveHost(name string) error {
	if !h.AskDNS {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), dnsLimit)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	return err
}

var _ conf.Host = SystemHost{}

// InterfaceExists asks the kernel.
func (SystemHost) InterfaceExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// CPUs counts the processors that are online.
func (SystemHost) CPUs() int { return runtime.NumCPU() }

// CheckTLSClient reads the files.
func (SystemHost) CheckTLSClient(t *conf.TLSClient) error {
	_, err := clientcert.Load(t)
	return err
}

// ReadFile reads a regular file.
func (SystemHost) ReadFile(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// DirectoryExists looks at the file system.
func (SystemHost) DirectoryExists(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// LookupUser resolves an account of /etc/passwd, or a number.
func (SystemHost) LookupUser(name string) (uid, gid uint32, err error) {
	f, err := lookup("/etc/passwd", name, 4)
	if err == nil {
		u, err1 := strconv.ParseUint(f[2], 10, 32)
		g, err2 := strconv.ParseUint(f[3], 10, 32)
		return uint32(u), uint32(g), errors.Join(err1, err2)
	}
	if n, e := strconv.ParseUint(name, 10, 32); e == nil {
		return uint32(n), uint32(n), nil
	}
	return 0, 0, fmt.Errorf("user %s: %w", name, err)
}

// LookupGroup resolves a group of /etc/group, or a number.
func (SystemHost) LookupGroup(name string) (uint32, error) {
	f, err := lookup("/etc/group", name, 3)
	if err == nil {
		g, err := strconv.ParseUint(f[2], 10, 32)
		return uint32(g), err
	}
	if n, e := strconv.ParseUint(name, 10, 32); e == nil {
		return uint32(n), nil
	}
	return 0, fmt.Errorf("group %s: %w", name, err)
}

// SupplementaryGroups reads /etc/group for the name that /etc/passwd gives a uid.
func (SystemHost) SupplementaryGroups(uid uint32) (list []uint32) {
	name := ""
	id := strconv.FormatUint(uint64(uid), 10)
	eachLine("/etc/passwd", func(f []string) bool {
		if len(f) > 2 && f[2] == id {
			name = f[0]
		}
		return name == ""
	})
	eachLine("/etc/group", func(f []string) bool {
		if len(f) > 3 && name != "" && slices.Contains(strings.Split(f[3], ","), name) {
			if g, err := strconv.ParseUint(f[2], 10, 32); err == nil {
				list = append(list, uint32(g))
			}
		}
		return true
	})
	return list
}

// eachLine calls f with the fields of every line until it returns false.
func eachLine(file string, f func(fields []string) bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		if !f(strings.Split(s.Text(), ":")) {
			break
		}
	}
	return nil
}

// lookup finds the line of a name, with at least fields fields.
func lookup(file, name string, fields int) (found []string, err error) {
	err = eachLine(file, func(f []string) bool {
		if len(f) >= fields && f[0] == name {
			found = f
		}
		return found == nil
	})
	if err == nil && found == nil {
		err = fmt.Errorf("not in %s", file)
	}
	return found, err
}

// CheckScript judges the path of a script: its account must be able to come to
// it and to execute it and, by keepalived's rule, when the script would run as
// root, each component of the given and of the resolved path must
// be a real directory or file that belongs to root and that nobody else may write.
func (SystemHost) CheckScript(c conf.Command, asWritten bool) (conf.Command, conf.ScriptVerdict) {
	path := c.Args[0]
	if !strings.Contains(path, "/") {
		found, err := exec.LookPath(path)
		if err != nil {
			return c, conf.ScriptVerdict{Missing: true, Reason: fmt.Sprintf("%s is not in PATH", path)}
		}
		path = found
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return c, conf.ScriptVerdict{Missing: true, Reason: err.Error()}
	}
	st, err := os.Stat(resolved)
	switch {
	case err != nil:
		return c, conf.ScriptVerdict{Missing: true, Reason: err.Error()}
	case !st.Mode().IsRegular():
		return c, conf.ScriptVerdict{Missing: true, Reason: resolved + " is not a regular file"}
	}
	if reason := notExecutable(resolved, &c); reason != "" {
		return c, conf.ScriptVerdict{NotExecutable: true, Reason: reason}
	}
	c.Args = append([]string{path}, c.Args[1:]...)
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil && !asWritten {
		// The last component stays, as with keepalived: many a program looks at its own name.
		c.Args[0] = filepath.Join(dir, filepath.Base(path))
	}
	c.Shell = needsShell(resolved)
	if c.UID != 0 {
		return c, conf.ScriptVerdict{} // whoever changes it gains no more than that account has
	}
	for _, p := range []string{path, resolved} {
		if reason := insecure(p); reason != "" {
			return c, conf.ScriptVerdict{Insecure: true, Reason: reason}
		}
	}
	return c, conf.ScriptVerdict{}
}

// notExecutable names the component of a path, with its mode, that keeps an
// account from executing the file; "" if there is none.
func notExecutable(path string, c *conf.Command) string {
	for p := path; ; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil {
			return err.Error()
		}
		if !mayExecute(st, c) {
			what := "may not be executed"
			if p != path {
				what = "may not be entered"
			}
			return fmt.Sprintf("%s %s by uid %d, gid %d (mode %04o)", p, what, c.UID, c.GID, st.Mode().Perm())
		}
		if p == filepath.Dir(p) {
			return ""
		}
	}
}

// mayExecute is the kernel's rule for executing a file or entering a directory.
func mayExecute(st fs.FileInfo, c *conf.Command) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	bits := fs.FileMode(0o001)
	switch {
	case !ok:
		return true
	case c.UID == 0 && st.IsDir():
		return true
	case c.UID == 0:
		bits = 0o111
	case sys.Uid == c.UID:
		bits = 0o100
	case sys.Gid == c.GID || slices.Contains(c.Groups, sys.Gid):
		bits = 0o010
	}
	return st.Mode()&bits != 0
}

// insecure names the first component of a path that someone else than root
// may change, with its owner or mode; "" if there is none.
func insecure(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return err.Error()
	}
	for p := path; ; p = filepath.Dir(p) {
		st, err := os.Lstat(p)
		if err != nil {
			return err.Error()
		}
		sys, ok := st.Sys().(*syscall.Stat_t)
		switch {
		case ok && sys.Uid != 0:
			return fmt.Sprintf("%s belongs to uid %d, not to root", p, sys.Uid)
		case st.Mode()&os.ModeSymlink != 0 && p != path:
			return fmt.Sprintf("%s is a symbolic link", p)
		case st.Mode()&os.ModeSymlink == 0 && st.Mode().Perm()&0o022 != 0 && st.Mode()&os.ModeSticky == 0:
			return fmt.Sprintf("%s may be written by others than root (mode %04o)", p, st.Mode().Perm())
		}
		if p == "/" {
			return ""
		}
	}
}

// needsShell reports a text file without #!, which the kernel does not execute.
func needsShell(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [4]byte
	n, _ := f.Read(head[:])
	return !bytes.HasPrefix(head[:n], []byte("#!")) && !bytes.HasPrefix(head[:n], []byte("\x7fELF"))
}
