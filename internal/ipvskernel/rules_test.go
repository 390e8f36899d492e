package ipvskernel

import "testing"

// told makes a scenario's transcript show what the daemon tells besides the
// table: the lines of its FIFO and the calls of its scripts, all since the start.
func told(s scenario) scenario {
	s.setup = "mkfifo $DIR/fifo; touch $DIR/lines $DIR/calls; chmod 666 $DIR/calls; (timeout 300 cat <> $DIR/fifo > $DIR/lines 2> /dev/null &) < /dev/null > /dev/null\n" +
		"printf '#!/bin/sh\\necho \"$@\" >> $DIR/calls\\n' > $DIR/note; chmod 755 $DIR/note\n" + s.setup
	s.conf = "global_defs {\n lvs_notify_fifo $DIR/fifo\n}\n" + s.conf
	s.also = "tr -d '\\000' < $DIR/lines; sort $DIR/calls"
	return s
}

// hooks are the scripts of a server or a virtual server.
func hooks(kind, name string) string {
	return kind + "_up \"$DIR/note " + name + " up\"\n " + kind + "_down \"$DIR/note " + name + " down\"\n "
}

func put(file, value string) step { return shell("echo " + value + " > $DIR/" + file) }

func fileCheck(name, weight string) string {
	if weight != "" {
		weight = "\n weight " + weight
	}
	return " FILE_CHECK {\n track_file " + name + weight + "\n }"
}

const (
	trackFiles = "track_file f {\n file $DIR/f\n weight 1\n}\ntrack_file z {\n file $DIR/z\n weight 0\n}\n"
	natRules   = "lb_algo wrr\n lb_kind NAT\n protocol TCP\n "
	sorryRule  = "sorry_server 127.0.0.9 8000\n "
)

// What files and several checkers of one server do to weights and quorum.
func TestFileChecks(t *testing.T) {
	dynamic := " MISC_CHECK {\n misc_path \"/bin/sh -c 'exit $(cat $DIR/code)'\"\n misc_dynamic\n misc_timeout 5\n }"
	playScenarios(t, []scenario{
		told(scenario{
			name:  "file weights",
			setup: "echo 0 > $DIR/f",
			conf: trackFiles + vs("10.50.0.1 80", natRules+hooks("quorum", "q"),
				rs(1, 6, hooks("notify", "1")+fileCheck("f", ""))+rs(2, 10, fileCheck("f", "2 reverse"))+rs(3, 5, fileCheck("f", "-2")+fileCheck("z", ""))),
			steps: []step{put("f", "3"), put("f", "-3"), put("f", "-300"), put("f", "300"), put("f", "65535"), put("f", "5"), shell("rm $DIR/f"), put("f", "4")},
		}),
		told(scenario{
			name:  "file of weight zero",
			setup: "echo 1 > $DIR/z; echo 3 > $DIR/f",
			conf: trackFiles + vs("10.50.0.1 80", natRules+hooks("quorum", "q")+sorryRule,
				rs(1, 6, hooks("notify", "1")+fileCheck("z", ""))+rs(2, 6, hooks("notify", "2")+"inhibit_on_failure\n"+fileCheck("z", "")+tcpCheck)),
			steps: []step{put("z", "0"), down(2), put("z", "7"), up(2), put("z", "0")},
		}),
		told(scenario{
			name:  "weights and quorum",
			setup: "echo 0 > $DIR/f; echo 0 > $DIR/z; echo 0 > $DIR/code",
			conf: trackFiles + vs("10.50.0.1 80", natRules+hooks("quorum", "q")+"quorum 20\n hysteresis 3\n "+sorryRule,
				rs(1, 10, hooks("notify", "1")+fileCheck("f", "")+dynamic)+rs(2, 13, "")),
			steps: []step{put("f", "-6"), put("f", "-7"), put("f", "-1"), put("f", "0"), put("code", "102"), put("code", "3"), put("code", "0")},
		}),
	})
}

// ha_suspend: checks rest while the address is elsewhere, and nothing changes.
func TestSuspension(t *testing.T) {
	playScenarios(t, []scenario{told(scenario{
		name:  "ha suspend",
		setup: "ip link add d0 type dummy; ip link set d0 up; ip link add d1 type dummy; ip link set d1 up",
		conf:  vs("10.50.0.1 80", natRules+"ha_suspend\n "+hooks("quorum", "q"), rs(1, 1, hooks("notify", "1")+tcpCheck)+rs(2, 1, "inhibit_on_failure\n"+tcpCheck)),
		steps: []step{
			down(1), shell("ip addr add 10.50.0.1/32 dev d0"),
			shell("ip addr add 10.50.0.1/24 dev d1; ip addr del 10.50.0.1/32 dev d0"), up(1),
			shell("ip addr del 10.50.0.1/24 dev d1"), down(2), shell("ip addr add 10.50.0.1/24 dev d1"),
		},
	})})
}

// What is told of beginning and end, and in which order. At its stop keepalived
// does not wait for scripts, so those of omega have none.
func TestLines(t *testing.T) {
	one := func(opts, body string) string { return vs("10.50.0.1 80", natRules+opts, body) }
	scripted := func(opts string) string {
		return one(hooks("quorum", "q")+opts, rs(1, 1, hooks("notify", "1")+tcpCheck)+rs(2, 2, hooks("notify", "2")+tcpCheck))
	}
	playScenarios(t, []scenario{
		told(scenario{name: "lines of a quorum", conf: scripted("quorum 2\n " + sorryRule), steps: []step{down(1), down(2), up(1), up(2)}}),
		told(scenario{name: "rs init notifies", conf: "global_defs {\n rs_init_notifies\n}\n" + one(hooks("quorum", "q"), rs(1, 1, hooks("notify", "1")))}),
		told(scenario{name: "alpha and omega", conf: one("alpha\n omega\n "+sorryRule, rs(1, 1, tcpCheck)), steps: []step{down(1), up(1)}}),
		told(scenario{name: "alpha without sorry server", conf: one("alpha\n omega\n", rs(1, 1, tcpCheck)), steps: []step{down(1), up(1)}}),
		told(scenario{name: "weight zero and omega", conf: one("omega\n "+sorryRule, rs(1, 0, ""))}),
		told(scenario{name: "inhibit with sorry server", conf: one("omega\n quorum 2\n inhibit_on_failure\n sorry_server_lvs_method DR\n "+sorryRule+"sorry_server_inhibit\n",
			rs(1, 1, tcpCheck)+rs(2, 1, tcpCheck)), steps: []step{down(1), up(1)}}),
		told(scenario{name: "fwmark and group", conf: "virtual_server_group g {\n 10.50.1.1-2 80\n fwmark 7\n}\n" +
			vs("fwmark 9", "lb_algo wrr\n lb_kind NAT\n omega\n ", rs(1, 1, tcpCheck)) +
			vs("group g", natRules+"omega\n ", rs(2, 1, tcpCheck)), steps: []step{down(1), down(2), up(2)}}),
	})
}

// Both FIFOs get each line, and their scripts begin anew with each reload. The
// zero bytes of keepalived 2.4, which 2.2 does not write, are left out.
func TestLinesOfBothFIFOs(t *testing.T) {
	s := told(scenario{
		name:  "both FIFOs and their scripts",
		setup: "mkfifo $DIR/general; touch $DIR/general-lines; (timeout 300 cat <> $DIR/general > $DIR/general-lines 2> /dev/null &) < /dev/null > /dev/null",
		conf: "global_defs {\n notify_fifo $DIR/general\n notify_fifo_script \"$DIR/note general 'a b'\"\n lvs_notify_fifo_script \"$DIR/note lvs\"\n}\n" +
			vs("10.50.0.1 80", natRules+hooks("quorum", "q")+"omega\n ", rs(1, 1, hooks("notify", "1")+tcpCheck)+rs(2, 1, tcpCheck)),
		steps: []step{down(1), reload("nothing", "retry 1", "retry  1"), down(2), up(1)},
	})
	s.also = "tr -d '\\000' < $DIR/lines; echo; tr -d '\\000' < $DIR/general-lines; echo; sed s,$DIR,DIR,g $DIR/calls | sort"
	playScenarios(t, []scenario{s})
}

// What a reload keeps, changes and tells.
func TestReloads(t *testing.T) {
	server := func(i int, body string) string { return rs(i, 1, body+tcpCheck) }
	start := vs("10.50.0.1 80", natRules+hooks("quorum", "q")+"quorum 1\n ", server(1, "")+server(2, "")+rs(3, 2, tcpCheck))
	playScenarios(t, []scenario{
		told(scenario{name: "reload nothing", conf: start, steps: []step{down(1), reload("nothing", "quorum 1", "quorum  1"), up(1)}}),
		told(scenario{name: "reload a checker of a server that is down", conf: start, steps: []step{
			down(1), reload("connect_timeout", "127.0.0.2 8000 {\n weight 1\n TCP_CHECK {\n connect_timeout 1", "127.0.0.2 8000 {\n weight 1\n TCP_CHECK {\n connect_timeout 2")}}),
		told(scenario{name: "reload a quorum", conf: start, steps: []step{reload("beyond reach", "quorum 1", "quorum 4"), down(1), reload("within reach", "quorum 4", "quorum 3"), reload("back", "quorum 3", "quorum 4")}}),
		told(scenario{name: "reload without a server", conf: start, steps: []step{reload("server 2 is another", "127.0.0.3 8000", "127.0.0.5 8000")}}),
		told(scenario{name: "reload another key", conf: start, steps: []step{reload("port", "10.50.0.1 80", "10.50.0.1 81"), reload("protocol", "protocol TCP", "protocol UDP")}}),
	})
}
