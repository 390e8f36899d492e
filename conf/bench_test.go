package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLoadServers reads 2,300 virtual servers with 16 checked real
// servers each.
func BenchmarkLoadServers(b *testing.B) {
	var text strings.Builder
	for i := range 2300 {
		fmt.Fprintf(&text, "virtual_server 10.%d.%d.1 443 {\n    delay_loop 10\n    lvs_sched wlc\n    lvs_method NAT\n    protocol TCP\n\n", i/256, i%256)
		for j := range 16 {
			fmt.Fprintf(&text, "    real_server 172.%d.%d.%d 8443 {\n        weight 10\n        TCP_CHECK {\n            connect_timeout 3\n            retry 2\n            delay_before_retry 1\n        }\n    }\n", 16+i/256, i%256, j+1)
		}
		text.WriteString("}\n")
	}
	path := filepath.Join(b.TempDir(), "keepalived.conf")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		cfg, ds := Load(path, Options{ConfigID: "lb", Host: fakeHost{}})
		if len(ds) > 0 || len(cfg.VirtualServers) != 2300 {
			b.Fatal(len(cfg.VirtualServers), ds)
		}
	}
}
