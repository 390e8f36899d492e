package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/internal/howto"
	"halbd/internal/lab"
)

// docs/kubernetes.md as it stands: the address is on a host whose API server is
// ready, and moves when that ends.
func TestDocumentedAPIServers(t *testing.T) {
	t.Parallel()
	sections, err := howto.Read("../../docs/kubernetes.md")
	must(t, err)
	blocks := sections[0].Blocks
	if blocks["keepalived"] == "" || blocks["sh script"] == "" {
		t.Fatalf("the page has %d blocks", len(blocks))
	}
	n := lan(t, "cp1", "cp2", "cp3")
	dir := t.TempDir()
	script, key := filepath.Join(dir, "check-apiserver"), filepath.Join(dir, "key")
	must(t, os.WriteFile(script, []byte(blocks["sh script"]), 0o755))
	if _, err := n.Run("cp1", "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=api -keyout "+key+" -out "+key+".pem 2>&1"); err != nil {
		t.Skip("no openssl to play an API server: ", err)
	}
	apis := map[string]*lab.Proc{}
	for _, host := range []string{"cp1", "cp2", "cp3"} {
		www := filepath.Join(dir, host)
		must(t, os.MkdirAll(www, 0o755))
		must(t, os.WriteFile(filepath.Join(www, "readyz"), []byte("ok"), 0o644))
		apis[host], err = n.Start(host, www+".log", "sh", "-c", "cd "+www+" && exec openssl s_server -quiet -accept 6443 -key "+key+" -cert "+key+".pem -WWW")
		must(t, err)
		start(t, n, host, halbd, strings.ReplaceAll(blocks["keepalived"], "/etc/halbd/check-apiserver", script), "-i", host)
	}
	holders := func() string {
		list := ""
		for _, host := range []string{"cp1", "cp2", "cp3"} {
			if owns(n, host, "10.9.0.100") {
				list += host
			}
		}
		return list
	}
	wait(t, "the address on one host", 30*time.Second, func() bool { return len(holders()) == 3 })
	first := holders()
	apis[first].Crash()
	wait(t, "the address on another host", 20*time.Second, func() bool { now := holders(); return len(now) == 3 && now != first })
}
