package vrrp

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

var update = flag.Bool("update", false, "write what the scripts in testdata draw")

// TestScripts plays the files of testdata. A case begins with "== title", then
// come the configuration, commands ("> until 5s") and, after each command, what
// the core does because of it. Times are exact.
//
//	until T              every timer acts at its time, up to T
//	unseen until T       the same, and what is done is not written down
//	at T                 the clock jumps: the process did not run
//	tick                 what is due acts now
//	hear A SRC PRIO [..] an advert of A's virtual router arrives
//	link IFACE up|down|gone|bare|tentative (bare: without addresses; tentative: without the link-local one)
//	script NAME good|bad, file NAME VALUE
//	refuse A TEXT, busy A TEXT, refuse     adverts of A cannot be sent; they can again
//	reload CONFIGURATION (lines joined by ;)
//	stop
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		head, cases, _ := strings.Cut(string(b), "== ")
		out.WriteString(head)
		for _, text := range strings.Split(cases, "\n== ") {
			title, body, _ := strings.Cut(text, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+title, func(t *testing.T) {
				got := "== " + title + "\n" + strings.TrimRight(perform(t, body), "\n") + "\n"
				out.WriteString(got + "\n")
				if want := "== " + title + "\n" + strings.TrimRight(body, "\n") + "\n"; got != want && !*update {
					t.Errorf("got\n%s\nwant\n%s(go test ./vrrp -run TestScripts -update, and look at the difference)", got, want)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// perform plays the commands of a case and returns it with what they draw.
func perform(t *testing.T, body string) string {
	var out strings.Builder
	var config []string
	var p *script
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\n")
		command, is := strings.CutPrefix(line, "> ")
		switch {
		case is:
			if p == nil {
				p = begin(t, strings.Join(config, ";"))
				p.told(&out)
			}
			out.WriteString(line + "\n")
			p.command(command)
			p.told(&out)
		case p == nil && strings.TrimSpace(line) != "" && line[0] != ' ':
			out.WriteString(line + "\n")
			if line[0] != '#' {
				config = append(config, line)
			}
		case line != "" && line[0] == '#':
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func begin(t *testing.T, config string) *script {
	p := &script{t: t, c: NewCore(parseConfig(t, config)), whole: true}
	p.c.Step(0, scriptLink("eth0"))
	p.note(p.c.Start(0))
	return p
}

// scriptLink is an interface of the scripts with its IPv4 and link-local address.
func scriptLink(name string) InterfaceState {
	l := eth0("10.0.0.1")
	l.Name = name
	l.Addrs = append(l.Addrs, netip.MustParseAddr("fe80::1"))
	return l
}

func (p *script) told(to *strings.Builder) {
	for _, l := range p.out {
		to.WriteString("  " + l + "\n")
	}
	p.out = nil
}

func (p *script) command(text string) {
	words := strings.Fields(text)
	rest := func(n int) string { return strings.Join(words[n:], " ") }
	switch words[0] {
	case "unseen":
		p.until(duration(p.t, words[2]))
		p.out = nil
	case "until":
		p.until(duration(p.t, words[1]))
	case "at":
		p.now = duration(p.t, words[1])
	case "tick":
		p.step(Tick{})
	case "hear":
		priority, err := strconv.Atoi(words[3])
		if err != nil {
			p.t.Fatal(err)
		}
		p.hear(words[1], words[2], uint8(priority), func(in *conf.Instance) { options(p.t, in, words[4:]) })
	case "link":
		level := scriptLink(words[1])
		switch words[2] {
		case "down":
			level.Up = false
		case "gone":
			level = InterfaceState{Name: words[1]}
		case "bare":
			level.Addrs = nil
		case "tentative":
			level.Addrs = level.Addrs[:1]
		}
		p.step(level)
	case "script":
		value := 0
		if words[2] == "bad" {
			value = 1
		}
		p.step(TrackerResult{Kind: TrackScript, Name: words[1], Known: true, Value: value})
	case "file":
		value, err := strconv.Atoi(words[2])
		if err != nil {
			p.t.Fatal(err)
		}
		p.step(TrackerResult{Kind: TrackFile, Name: words[1], Known: true, Value: value})
	case "refuse", "busy":
		p.refuse = nil
		if len(words) > 1 {
			kind := SendRefused
			if words[0] == "busy" {
				kind = SendBusy
			}
			p.refuseAll(words[1], kind, rest(2))
		}
	case "reload":
		p.note(p.c.Reload(p.now, parseConfig(p.t, rest(1))))
	case "stop":
		p.note(p.c.Stop(p.now))
	default:
		p.t.Fatalf("unknown command %q", text)
	}
}

// parseConfig reads "instance A vrid 1 priority 150 nopreempt; group G A B".
func parseConfig(t *testing.T, text string) *conf.Config {
	cfg := &conf.Config{}
	for _, line := range strings.Split(text, ";") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case words[0] == "instance":
			in := router(words[1], 1, 100)
			options(t, &in, words[2:])
			cfg.Instances = append(cfg.Instances, in)
		case words[0] == "group":
			cfg.SyncGroups = append(cfg.SyncGroups, conf.SyncGroup{Name: words[1], Members: words[2:]})
		case words[0] == "vrrp_startup_delay":
			cfg.Global.StartupDelay = duration(t, words[1])
		case words[0] == "vrrp_delay_after_boot":
			cfg.Global.DelayAfterBoot = duration(t, words[1])
		default:
			t.Fatalf("unknown line %q", line)
		}
	}
	return cfg
}

func options(t *testing.T, in *conf.Instance, words []string) {
	for len(words) > 0 {
		name := words[0]
		words = words[1:]
		arg := func() string {
			w := words[0]
			words = words[1:]
			return w
		}
		number := func() int {
			n, err := strconv.Atoi(arg())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return n
		}
		switch name {
		case "vrid":
			in.VRID = uint8(number())
			in.Addresses = router("", in.VRID, 1).Addresses
		case "priority":
			in.Priority = uint8(number())
		case "version":
			in.Version = uint8(number())
		case "interface":
			in.Interface = arg()
		case "advert_int":
			in.AdvertInterval = duration(t, arg())
		case "nopreempt":
			in.NoPreempt = true
		case "preempt_delay":
			in.PreemptDelay = duration(t, arg())
		case "state":
			s := arg()
			in.StateMaster, in.StateBackup = s == "MASTER", s == "BACKUP"
		case "down_timer_adverts":
			in.DownTimerAdverts = number()
		case "dont_track_primary":
			in.DontTrackPrimary = true
		case "lower_prio_no_advert":
			in.LowerPrioNoAdv = true
		case "higher_prio_send_advert":
			in.HigherPrioAdv = true
		case "owner_ignore_adverts":
			in.OwnerIgnore = true
		case "timer_expired_backup":
			in.ExpiredBackup = uint8(number())
		case "garp_lower_prio_repeat":
			in.GARP.LowerPrioRepeat = number()
		case "garp_lower_prio_delay":
			in.GARP.LowerPrioDelay = duration(t, arg())
		case "garp_master_delay":
			in.GARP.MasterDelay = duration(t, arg())
		case "garp_master_refresh":
			in.GARP.Refresh = duration(t, arg())
		case "ipv6":
			in.Family, in.Version, in.Destination = conf.IPv6, 3, netip.MustParseAddr("ff02::12")
			in.Addresses = []conf.Address{{Prefix: netip.MustParsePrefix("fe80::100/64"), Interface: in.Interface}}
		case "track_file":
			in.Track.Files = append(in.Track.Files, conf.Track{Name: arg(), Weight: number()})
		case "track_interface":
			in.Track.Interfaces = append(in.Track.Interfaces, conf.Track{Name: arg()})
		case "track_script":
			in.Track.Scripts = append(in.Track.Scripts, conf.Track{Name: arg()})
		case "address":
			in.Addresses = append(in.Addresses, conf.Address{Prefix: netip.MustParsePrefix(arg() + "/32"), Interface: in.Interface})
		default:
			t.Fatalf("unknown option %q", name)
		}
	}
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
