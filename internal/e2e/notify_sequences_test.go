package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halbd/internal/lab"
)

const oneVIP = "virtual_ipaddress {\n 10.9.1.1/32\n }"

// What reloads, trackers, other masters and the settings of scripts and FIFOs
// make a daemon tell.
func TestNotifySequences(t *testing.T) {
	v1 := func(body string) string { return instance("V1", 1, 150, body+oneVIP) }
	// V2 becomes master well after V1, so that the order of the lines is known.
	v2 := func(body string) string {
		return instance("V2", 2, 50, body+"virtual_ipaddress {\n 10.9.1.2/32\n }")
	}
	generic := "notify \"SCRIPT generic\"\n"
	stop := func(p *lab.Proc, tr *transcript, last string) {
		must(tr.t, p.Stop(10*time.Second))
		tr.upTo(last)
	}
	// simple starts with some settings and stops as master.
	simple := func(name string, calls int, globals, body string, prepare func(tr *transcript)) sequence {
		return sequence{name, calls, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			if prepare != nil {
				prepare(tr)
			}
			p := start(t, n, "a", binary, tr.conf(v1(body), globals))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}}
	}
	playSequences(t, []sequence{
		{"the master dies", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			peer := start(t, n, "b", keepalived, instance("V1", 1, 200, oneVIP))
			wait(t, "MASTER", 10*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
			p := start(t, n, "a", binary, tr.conf(v1(hooks)))
			tr.upTo(`INSTANCE "V1" BACKUP 150`)
			peer.Crash()
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"reload of nothing", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(v1(hooks)))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.reload(p, tr.conf(v1(hooks)+"# the same\n"))
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"reload of a priority", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(v1(hooks)))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.reload(p, tr.conf(strings.Replace(v1(hooks), "priority 150", "priority 120", 1)))
			stop(p, tr, `INSTANCE "V1" STOP 120`)
		}},
		{"reload without an instance, and with it again", 11, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			both := tr.conf(v2(hooks) + v1(""))
			p := start(t, n, "a", binary, both)
			tr.upTo(`INSTANCE "V2" MASTER 50`)
			tr.reload(p, tr.conf(v1("")))
			tr.upTo(`INSTANCE "V2" FAULT 50`)
			tr.reload(p, both)
			tr.upTo(`INSTANCE "V2" MASTER 50`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"notify_deleted", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(v2(hooks+"notify_deleted \"SCRIPT deleted\"\n")+v1("")))
			tr.upTo(`INSTANCE "V2" MASTER 50`)
			tr.reload(p, tr.conf(v1("")))
			tr.upTo(`INSTANCE "V2" DELETED 50`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"reload of hooks", 6, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			p := start(t, n, "a", binary, tr.conf(v1(hooks)))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.reload(p, tr.conf(v1(generic+"notify_stop \"SCRIPT another stop\"\n")))
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"priority changes", 12, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			tr.put("f", "0\n")
			p := start(t, n, "a", binary, tr.conf("track_file f {\n file DIR/f\n weight 1\n}\n"+v1(hooks+"track_file {\n f\n }\n"), "vrrp_notify_priority_changes"))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.put("f", "20\n")
			tr.upTo(`INSTANCE "V1" MASTER_PRIORITY 170`)
			tr.put("f", "-30\n")
			tr.upTo(`INSTANCE "V1" MASTER_PRIORITY 120`)
			tr.put("f", "-254\n")
			tr.upTo(`INSTANCE "V1" FAULT 120`)
			tr.put("f", "0\n")
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"a tracked script fails and succeeds", 12, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			tr.put("status", "0")
			tr.put("check", "#!/bin/sh\nexit $(cat "+tr.dir+"/status)\n")
			p := start(t, n, "a", binary, tr.conf("vrrp_script c {\n script DIR/check\n interval 1\n fall 2\n rise 2\n}\n"+v1(hooks+"track_script {\n c\n }\n")))
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.put("status", "1")
			tr.upTo(`INSTANCE "V1" FAULT 150`)
			tr.put("status", "0")
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		{"a member of a group loses its link", 18, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			must(t, n.Plug("a", "eth1", "sw", "10.9.0.77/16"))
			group := "vrrp_sync_group G {\n group {\n V1\n V2\n }\n" + hooks + "}\n"
			p := start(t, n, "a", binary, tr.conf(v1("")+strings.Replace(v2(generic), "eth0", "eth1", 1)+group))
			tr.upTo(`GROUP "G" MASTER 0`)
			n.Run("a", "ip link set eth1 down")
			tr.upTo(`GROUP "G" FAULT 0`)
			n.Run("a", "ip link set eth1 up")
			tr.upTo(`GROUP "G" MASTER 0`)
			stop(p, tr, `GROUP "G" STOP 0`)
		}},
		{"states on reload", 2, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			peer := start(t, n, "b", keepalived, instance("V1", 1, 200, oneVIP))
			wait(t, "MASTER", 10*time.Second, func() bool { return owns(n, "b", "10.9.1.1") })
			conf := tr.conf(v1(generic), "fifo_write_vrrp_states_on_reload")
			p := start(t, n, "a", binary, conf)
			tr.upTo(`INSTANCE "V1" BACKUP 150`)
			tr.reload(p, conf)
			tr.upTo(`INSTANCE "V1" BACKUP 150`)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
			must(t, peer.Stop(8*time.Second))
		}},
		{"FIFO scripts", 4, func(t *testing.T, n *lab.Net, binary string, tr *transcript) {
			conf := tr.conf(v1(""), "vrrp_notify_fifo_script \"SCRIPT vrrp 'a b'\"\n notify_fifo DIR/general\n notify_fifo_script \"SCRIPT general\"")
			p := start(t, n, "a", binary, conf)
			tr.upTo(`INSTANCE "V1" MASTER 150`)
			tr.called(2)
			tr.reload(p, conf)
			tr.called(4)
			stop(p, tr, `INSTANCE "V1" STOP 150`)
		}},
		simple("startup and shutdown scripts", 5, "startup_script \"SCRIPT startup 'a b'\"\n shutdown_script \"SCRIPT shutdown\"", generic, nil),
		simple("the general FIFO", 0, "notify_fifo FIFO", "", nil),
		simple("words, quotes and escapes", 4, "", `notify_master "DIR/words 'two words' c'd'e \x41\101 $HOME * '' ;|&"`+"\n notify \"SCRIPT\"\n", func(tr *transcript) {
			tr.put("words", "#!/bin/sh\nprintf '[%s]' \"$@\" >> "+tr.dir+"/calls; echo >> "+tr.dir+"/calls\n")
		}),
		simple("accounts", 3, "", "notify_master \"DIR/who one\" nobody\n notify_backup \"DIR/who two\" nobody daemon\n notify_stop \"DIR/who three\"\n",
			func(tr *transcript) {
				tr.put("who", "#!/bin/sh\necho \"$* $(id -u):$(id -g):$(id -G) $(umask)\" >> "+tr.dir+"/calls\n")
				must(tr.t, os.Chmod(filepath.Join(tr.dir, "calls"), 0o666))
			}),
		simple("a path through a link", 4, "", "notify_master \"DIR/link/self one\"\n notify \"DIR/real/alias\"\n", func(tr *transcript) {
			must(tr.t, os.Mkdir(filepath.Join(tr.dir, "real"), 0o755))
			tr.put("real/self", "#!/bin/sh\necho \"$0 $*\" >> "+tr.dir+"/calls\n")
			must(tr.t, os.Symlink("self", filepath.Join(tr.dir, "real", "alias")))
			must(tr.t, os.Symlink("real", filepath.Join(tr.dir, "link")))
		}),
	})
}
