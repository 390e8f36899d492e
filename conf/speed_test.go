package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyServers is a file with that many virtual servers, real servers and
// TCP_CHECKs, indented as people indent.
func manyServers(services, reals int) string {
	var b strings.Builder
	b.WriteString("global_defs {\n    router_id lb1\n}\n")
	real := 0
	for vs := range services {
		fmt.Fprintf(&b, "virtual_server 10.%d.%d.1 80 {\n    delay_loop 6\n    lvs_sched wlc\n    lvs_method NAT\n    protocol TCP\n", vs/250, vs%250)
		for ; real*services < (vs+1)*reals; real++ {
			fmt.Fprintf(&b, "    real_server 172.%d.%d.%d 8080 {\n        weight 10\n        TCP_CHECK {\n            connect_timeout 3\n            retry 2\n            delay_before_retry 1\n        }\n    }\n", 16+real/62500, real/250%250, real%250+1)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// BenchmarkParse reads the configuration of a big director: 2,300 virtual
// servers, 37,000 real servers, 37,000 TCP_CHECKs.
func BenchmarkParse(b *testing.B) {
	text := manyServers(2_300, 37_000)
	path := filepath.Join(b.TempDir(), "big.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ds := Load(path, Options{Host: fakeHost{}}); ds.HasErrors() {
			b.Fatal(ds)
		}
	}
}
