package supervise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"halbd/conf"
)

// A network namespace belongs to a thread, and a Go program has many. So the
// program enters it on one thread and executes itself again there: what runs
// then has one namespace only, and all it starts too.

// namespaceEnv marks the program that runs in the namespace that it names.
const namespaceEnv = "HALBD_NAMESPACE"

// pidDir holds pid files. In a network namespace it is a directory of the
// namespace's own, mounted in its place.
const pidDir = "/run/keepalived"

// namespace is the network namespace to run in: that of the command line, or
// that of the configuration; "" is the one that the program was started in.
func (o *Options) namespace(cfg *conf.Config) string {
	if o.Namespace != "" {
		return o.Namespace
	}
	return cfg.Global.Namespaces.Name
}

// EnterNamespace continues in the configured network namespace: it executes
// the program again there, and returns only when it is there already, when no
// namespace is asked for, or with an error. waiting says that another process
// waits for the daemon (see reportStarted).
func EnterNamespace(o *Options, cfg *conf.Config, waiting bool) error {
	name := o.namespace(cfg)
	if name == "" || os.Getenv(namespaceEnv) != "" {
		return nil
	}
	if strings.ContainsRune(name, filepath.Separator) || name == "." || name == ".." {
		return fmt.Errorf("net_namespace %q is no name: %w", name, fs.ErrNotExist)
	}
	runtime.LockOSThread()
	err := unshareInto(name)
	if err == nil {
		env := append(os.Environ(), namespaceEnv+"="+name)
		if waiting {
			env = append(env, daemonEnv+"=1")
			unix.FcntlInt(daemonFD, unix.F_SETFD, 0) // it goes on waiting
		}
		err = unix.Exec("/proc/self/exe", os.Args, env)
	}
	runtime.UnlockOSThread()
	return fmt.Errorf("enter network namespace %s: %w", name, err)
}

// unshareInto gives the calling thread the network namespace, and a mount
// namespace in which the pid files have a directory of their own.
func unshareInto(name string) error {
	f, err := os.Open("/run/netns/" + name)
	if err != nil {
		return err
	}
	defer f.Close()
	own := filepath.Join(pidDir, name)
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"setns", func() error { return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET) }},
		{"unshare", func() error { return unix.Unshare(unix.CLONE_NEWNS) }},
		{"mount", func() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, "") }},
		{"mount " + own, func() error { return unix.Mount(own, pidDir, "", unix.MS_BIND, "") }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// noNamespace reports an error that says that there is no namespace of that name.
func noNamespace(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// settleNamespace makes a configuration say where the program runs, which a
// reload cannot change, and where its file of reload_file is for that reason.
func (p *parent) settleNamespace(cfg *conf.Config) {
	here, want := os.Getenv(namespaceEnv), p.opt.namespace(cfg)
	if want != here {
		p.log.Warn(fmt.Sprintf("net_namespace is %q now, and the daemon runs in %q: that changes with a restart only", want, here))
	}
	n, now := &cfg.Global.Namespaces, &p.cfg.Global.Namespaces
	n.Name = here
	if n.IPVS != now.IPVS || n.IPVSDefault != now.IPVSDefault {
		p.log.Warn("net_namespace_ipvs changes with a restart only")
		n.IPVS, n.IPVSDefault = now.IPVS, now.IPVSDefault
	}
	if r := &cfg.Global.Reload; r.Marker && r.Path == "" {
		r.Path = strings.TrimSuffix(pidPath("", "keepalived", &cfg.Global), ".pid") + ".reload"
	}
}

// leaveNamespace removes the directory of the pid files.
func leaveNamespace() {
	name := os.Getenv(namespaceEnv)
	if name == "" {
		return
	}
	if unix.Unmount(pidDir, unix.MNT_DETACH) != nil {
		return
	}
	os.Remove(filepath.Join(pidDir, name))
	os.Remove(pidDir) // if it was the last one
}
