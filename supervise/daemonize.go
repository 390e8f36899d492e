package supervise

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// daemonEnv marks the process that daemonize started; file descriptor 3 is
// the pipe on which it reports that it runs.
const (
	daemonEnv = "HALBD_DAEMON"
	daemonFD  = 3
)

func daemonized() bool { return os.Getenv(daemonEnv) != "" }

// daemonize starts this program again in a session of its own, detached from
// the terminal, and returns when that one runs (0) or has ended (its status).
func daemonize() int {
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, "halbd:", err)
		return statusFailed
	}
	defer r.Close()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "halbd:", err)
		return statusFailed
	}
	w.Close()
	if ok, _ := io.ReadAll(r); len(ok) > 0 {
		return statusOK
	}
	cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// reportStarted returns the function that tells the waiting process, once,
// that the daemon runs.
func reportStarted() func() {
	os.Unsetenv(daemonEnv)
	syscall.CloseOnExec(daemonFD)
	w := os.NewFile(daemonFD, "daemonize")
	done := false
	return func() {
		if !done {
			done = true
			w.Write([]byte{1})
			w.Close()
		}
	}
}
