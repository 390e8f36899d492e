package e2e

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"halbd/internal/lab"
)

const (
	statsSignal      = syscall.SIGUSR2
	statsClearSignal = syscall.Signal(63)
)

// statistics makes a daemon write its statistics and reads them.
func statistics(t *testing.T, p *lab.Proc, path string, signal syscall.Signal) string {
	t.Helper()
	os.Remove(path)
	must(t, p.Signal(signal))
	var text string
	wait(t, "the statistics written", 10*time.Second, func() bool {
		b, err := os.ReadFile(path)
		text = string(b)
		return err == nil && regexp.MustCompile(`Priority Zero:\n    Received: \d+\n    Sent: \d+\n`).MatchString(text)
	})
	return text
}

// counter is the number behind a name, below a heading if there is one.
func counter(t *testing.T, stats, heading, name string) int {
	t.Helper()
	below := stats[strings.Index(stats, heading)+1:]
	var n int
	if _, err := fmt.Sscanf(below[strings.Index(below, name+": "):], name+": %d", &n); err != nil {
		t.Fatalf("no %s %s in\n%s", heading, name, stats)
	}
	return n
}

// What signals 12 and 63 write is laid out as keepalived's, which 2.2 lacks the
// counters of auth_hmac in.
func TestStatistics(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	dir := t.TempDir()
	vips := " virtual_ipaddress { 10.9.0.100 }"
	file := filepath.Join(dir, "halbd.stats")
	a := start(t, n, "a", halbd, "global_defs {\n stats_dump_file "+file+"\n}\n"+instance("VI_1", 51, 150, vips))
	conf := filepath.Join(dir, "b.conf")
	must(t, os.WriteFile(conf, []byte(instance("VI_1", 51, 100, vips)), 0o644))
	b, err := n.Start("b", filepath.Join(dir, "b.log"), "env", "TMPDIR="+dir, keepalived, "-n", "-l", "-G", "-P", "-f", conf,
		"-p", filepath.Join(dir, "pid"), "-r", filepath.Join(dir, "vrrp"))
	must(t, err)
	wait(t, "master", 20*time.Second, func() bool { return owns(n, "a", "10.9.0.100") })

	ours := statistics(t, a, file, statsClearSignal)
	if counter(t, ours, "", "Became master") != 1 || counter(t, ours, "Advertisements", "Sent") < 1 {
		t.Errorf("after a take-over:\n%s", ours)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the file: %v, %v", info.Mode(), err)
	}
	if again := statistics(t, a, file, statsSignal); counter(t, again, "", "Became master") != 0 {
		t.Errorf("signal 63 has not cleared:\n%s", again)
	}
	// The VRRP process passes the signal on to the one that writes.
	os.Remove(file)
	must(t, syscall.Kill(a.Tree()[1], statsSignal))
	wait(t, "the statistics after a signal to the child", 10*time.Second, func() bool { _, err := os.Stat(file); return err == nil })
	theirs := statistics(t, b, filepath.Join(dir, "keepalived.stats"), statsSignal)
	if got := counter(t, theirs, "Advertisements", "Received"); got < 1 {
		t.Errorf("keepalived has taken %d adverts", got)
	}
	layout := func(text string) string {
		text = regexp.MustCompile(`(?s)  Authentication Extension Errors:.*?(  Priority Zero)`).ReplaceAllString(text, "$1")
		return strings.TrimSpace(regexp.MustCompile(`\d+`).ReplaceAllString(text, "N"))
	}
	if layout(ours) != layout(theirs) {
		t.Errorf("ours:\n%s\nkeepalived's:\n%s", layout(ours), layout(theirs))
	}
}

// signed is an instance with auth_hmac whose counters go to a file.
func signed(file string, priority int, hmac string) string {
	return "global_defs {\n stats_dump_file " + file + "\n}\n" +
		instance("VI_1", 51, priority, " auth_hmac {\n  time_window 60\n"+hmac+" }\n virtual_ipaddress { 10.9.0.100 }")
}

const (
	keyOne = "  key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	keyTwo = "  key 2 another-key-of-more-than-thirty-two-bytes\n"
)

// A pair with auth_hmac elects one master, changes its key while it runs, and
// takes nothing from a stranger: no repetition, nothing unsigned.
func TestAuthHMAC(t *testing.T) {
	t.Parallel()
	n := lan(t, "a", "b")
	dir := t.TempDir()
	file := map[string]string{"a": filepath.Join(dir, "a.stats"), "b": filepath.Join(dir, "b.stats")}
	sniff, err := n.Sniff("sw", lab.Cable("b", "eth0"))
	must(t, err)
	defer sniff.Close()
	a := start(t, n, "a", halbd, signed(file["a"], 150, keyOne+"  active_key 1\n"))
	b := start(t, n, "b", halbd, signed(file["b"], 100, keyOne+"  active_key 1\n"))
	wait(t, "a the master", 20*time.Second, func() bool { return owns(n, "a", "10.9.0.100") })

	// The rotation: the new key is known everywhere before anyone signs with it.
	configure := func(p *lab.Proc, text string) {
		t.Helper()
		done := strings.Count(p.Log(), "Reload finished")
		must(t, os.WriteFile(p.Conf(), []byte(text), 0o644))
		must(t, p.Signal(syscall.SIGHUP))
		wait(t, "the reload", 10*time.Second, func() bool { return strings.Count(p.Log(), "Reload finished") > done })
	}
	for _, keys := range []string{keyOne + keyTwo + "  active_key 1\n", keyOne + keyTwo + "  active_key 2\n", keyTwo + "  active_key 2\n"} {
		configure(b, signed(file["b"], 100, keys))
		configure(a, signed(file["a"], 150, keys))
	}
	seen := len(sniff.Frames())
	wait(t, "three adverts signed with the new key", 10*time.Second, func() bool { return len(sniff.Frames()) >= seen+3 })
	if owns(n, "b", "10.9.0.100") || strings.Count(a.Log(), "Entering MASTER STATE") != 1 || strings.Contains(b.Log(), "Entering MASTER STATE") {
		t.Errorf("the rotation has moved the role:\n%s", b.Log())
	}
	stats := statistics(t, b, file["b"], statsSignal)
	for _, name := range []string{"Missing", "Malformed", "Unknown Key", "Invalid HMAC", "Stale", "Replay"} {
		if k := counter(t, stats, "Authentication Extension Errors", name); k != 0 {
			t.Errorf("%s: %d adverts of the pair were refused", name, k)
		}
	}

	// A stranger repeats what a has said, and says it unsigned.
	a.Crash()
	wait(t, "b the master", 10*time.Second, func() bool { return owns(n, "b", "10.9.0.100") })
	recorded := lastOf(t, sniff.Frames(), 150)
	for range 5 {
		must(t, sniff.Send(recorded))
		must(t, sniff.Send(withoutTrailer(recorded)))
	}
	stats = statistics(t, b, file["b"], statsSignal)
	if r, m := counter(t, stats, "Extension", "Replay"), counter(t, stats, "Extension", "Missing"); r != 5 || m != 5 {
		t.Errorf("%d repetitions and %d unsigned adverts were refused, not 5 and 5:\n%s", r, m, stats)
	}
	if !owns(n, "b", "10.9.0.100") || strings.Count(b.Log(), "advert from 10.9.0.1 dropped") != 2 {
		t.Errorf("b has given way, or the log has not one line for each kind:\n%s", b.Log())
	}

	configure(b, signed(file["b"], 100, keyTwo+"  active_key 2\n  mode permissive\n"))
	must(t, sniff.Send(withoutTrailer(recorded)))
	wait(t, "b in BACKUP: permissive takes unsigned adverts", 5*time.Second, func() bool { return !owns(n, "b", "10.9.0.100") })
}

// lastOf is the last advert with a priority.
func lastOf(t *testing.T, list []lab.Frame, priority uint8) []byte {
	t.Helper()
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].GARP && list[i].Advert.Priority == priority {
			return list[i].Raw
		}
	}
	t.Fatalf("no advert with priority %d was seen", priority)
	return nil
}

// withoutTrailer cuts the signature off an IPv4 advert.
func withoutTrailer(frame []byte) []byte {
	const ethernet, header, trailer = 14, 20, 28
	b := append([]byte(nil), frame[:len(frame)-trailer]...)
	ip := b[ethernet:]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	ip[10], ip[11] = 0, 0
	sum := uint32(0)
	for i := 0; i < header; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	return b
}
