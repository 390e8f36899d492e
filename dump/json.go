package dump

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"halbd/conf"
	"halbd/event"
	"halbd/status"
	"halbd/vrrp"
)

// JSON writes keepalived.json: compact, an array of instances, or with
// json_version 2 an object that has it and the tracked processes.
func JSON(w io.Writer, cfg *conf.Config, s *status.Status) error {
	list := make([]jsonInstance, 0, len(s.VRRP.Instances))
	each(cfg, s, func(c *conf.Instance, st *vrrp.InstanceStatus) { list = append(list, instanceJSON(cfg, c, st)) })
	var v any = list
	if cfg.Global.Dumps.JSONVersion == 2 {
		v = struct {
			VRRP      []jsonInstance `json:"vrrp"`
			Processes []jsonProcess  `json:"track_process"`
		}{list, processesJSON(cfg, s)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("JSON of the instances: %w", err)
	}
	// A slash can only be inside a string there.
	_, err := w.Write(bytes.ReplaceAll(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("/"), []byte(`\/`)))
	return err
}

// each calls f for every instance that is both configured and running.
func each(cfg *conf.Config, s *status.Status, f func(*conf.Instance, *vrrp.InstanceStatus)) {
	byName := make(map[string]*vrrp.InstanceStatus, len(s.VRRP.Instances))
	for i := range s.VRRP.Instances {
		byName[s.VRRP.Instances[i].Name] = &s.VRRP.Instances[i]
	}
	for i := range cfg.Instances {
		if st := byName[cfg.Instances[i].Name]; st != nil {
			f(&cfg.Instances[i], st)
		}
	}
}

type jsonInstance struct {
	Data  jsonData  `json:"data"`
	Stats jsonStats `json:"stats"`
}

// flag is a truth that is written as 0 or 1.
type flag int

func flagOf(b bool) flag {
	if b {
		return 1
	}
	return 0
}

// jsonData has keepalived's names in keepalived's order.
type jsonData struct {
	Name             string      `json:"iname"`
	DontTrackPrimary flag        `json:"dont_track_primary"`
	SkipCheckAddr    flag        `json:"skip_check_adv_addr"`
	Strict           flag        `json:"strict_mode"`
	VMAC             string      `json:"vmac_ifname"`
	Interface        string      `json:"ifp_ifname"`
	MasterPriority   uint8       `json:"master_priority"`
	LastTransition   json.Number `json:"last_transition"`
	GARPDelay        json.Number `json:"garp_delay"`
	GARPRefresh      json.Number `json:"garp_refresh"`
	GARPRepeat       int         `json:"garp_rep"`
	RefreshRepeat    int         `json:"garp_refresh_rep"`
	LowerDelay       json.Number `json:"garp_lower_prio_delay"`
	LowerRepeat      int         `json:"garp_lower_prio_rep"`
	LowerNoAdvert    flag        `json:"lower_prio_no_advert"`
	HigherAdvert     flag        `json:"higher_prio_send_advert"`
	VRID             uint8       `json:"vrid"`
	Base             uint8       `json:"base_priority"`
	Effective        uint8       `json:"effective_priority"`
	VIPSet           bool        `json:"vipset"`
	Promote          bool        `json:"promote_secondaries"`
	Interval         float64     `json:"adver_int"`
	MasterInterval   float64     `json:"master_adver_int"`
	Accept           flag        `json:"accept"`
	NoPreempt        bool        `json:"nopreempt"`
	PreemptDelay     json.Number `json:"preempt_delay"`
	State            int         `json:"state"`
	WantState        int         `json:"wantstate"`
	Version          uint8       `json:"version"`
	SMTPAlert        bool        `json:"smtp_alert"`
	NotifyDeleted    bool        `json:"notify_deleted"`
	Backup           string      `json:"script_backup,omitempty"`
	Master           string      `json:"script_master,omitempty"`
	Fault            string      `json:"script_fault,omitempty"`
	Stop             string      `json:"script_stop,omitempty"`
	Deleted          string      `json:"script_deleted,omitempty"`
	Any              string      `json:"script,omitempty"`
	RxLowerPri       string      `json:"script_master_rx_lower_pri,omitempty"`
	Addresses        []string    `json:"vips,omitempty"`
	Excluded         []string    `json:"evips,omitempty"`
	Routes           []string    `json:"vroutes,omitempty"`
	Rules            []string    `json:"vrules,omitempty"`
	Interfaces       []string    `json:"track_ifp,omitempty"`
	Scripts          []string    `json:"track_script,omitempty"`
	Processes        []string    `json:"track_process,omitempty"`
	AuthType         uint8       `json:"auth_type"`
	AuthData         string      `json:"auth_data,omitempty"`
}

// jsonStats are vrrp.Counters without what only halbd counts.
type jsonStats struct {
	vrrp.Counters
	PutBack *struct{} `json:"put_back,omitempty"` // hides the field of Counters
}

// hidden stands for a password.
const hidden = "********"

func instanceJSON(cfg *conf.Config, c *conf.Instance, st *vrrp.InstanceStatus) jsonInstance {
	own, link := ownLink(c)
	d := jsonData{
		Name: c.Name, DontTrackPrimary: flagOf(c.DontTrackPrimary), SkipCheckAddr: flagOf(c.SkipCheckAddr), Strict: flagOf(c.Strict),
		VMAC: own, Interface: link, MasterPriority: st.MasterPriority, LastTransition: seconds6(st.Since),
		GARPDelay: whole(c.GARP.MasterDelay), GARPRefresh: whole(c.GARP.Refresh), GARPRepeat: c.GARP.MasterRepeat, RefreshRepeat: c.GARP.RefreshRepeat,
		LowerDelay: whole(c.GARP.LowerPrioDelay), LowerRepeat: c.GARP.LowerPrioRepeat,
		LowerNoAdvert: flagOf(c.LowerPrioNoAdv), HigherAdvert: flagOf(c.HigherPrioAdv),
		VRID: c.VRID, Base: c.Priority, Effective: st.Priority, VIPSet: st.Holds, Promote: c.PromoteSecondary,
		Interval: c.AdvertInterval.Seconds(), MasterInterval: st.MasterInterval, Accept: flagOf(!c.NoAccept),
		NoPreempt: c.NoPreempt, PreemptDelay: whole(c.PreemptDelay), State: stateNumber(st.State), WantState: stateNumber(st.State),
		Version: c.Version, SMTPAlert: c.SMTPAlert, NotifyDeleted: c.Notify.ReportDeleted,
		AuthType: uint8(c.AuthType),
	}
	if c.AuthType != conf.AuthNone {
		d.AuthData = hidden
	}
	for _, h := range []struct {
		to *string
		c  *conf.Command
	}{{&d.Backup, c.Notify.Backup}, {&d.Master, c.Notify.Master}, {&d.Fault, c.Notify.Fault}, {&d.Stop, c.Notify.Stop},
		{&d.Deleted, c.Notify.Deleted}, {&d.Any, c.Notify.Any}, {&d.RxLowerPri, c.Notify.RxLowerPri}} {
		if h.c != nil {
			*h.to = quoted(h.c)
		}
	}
	d.Addresses, d.Excluded = addressTexts(c.Addresses, st.Holds), addressTexts(c.Excluded, st.Holds)
	for i := range c.Routes {
		d.Routes = append(d.Routes, routeText(&c.Routes[i]))
	}
	for i := range c.Rules {
		d.Rules = append(d.Rules, ruleText(&c.Rules[i]))
	}
	d.Interfaces, d.Processes = names(c.Track.Interfaces), names(c.Track.Processes)
	for _, t := range c.Track.Scripts {
		for i := range cfg.Scripts {
			if cfg.Scripts[i].Name == t.Name {
				d.Scripts = append(d.Scripts, quoted(&cfg.Scripts[i].Command))
			}
		}
	}
	return jsonInstance{Data: d, Stats: jsonStats{Counters: st.Counters}}
}

// ownLink is the VMAC or ipvlan of an instance ("" for none), and the
// interface that it works on.
func ownLink(c *conf.Instance) (own, works string) {
	if l, ok := c.OwnLink(); ok {
		return l.Name, l.Name
	}
	return "", c.Interface
}

func addressTexts(list []conf.Address, set bool) []string {
	var texts []string
	for i := range list {
		texts = append(texts, addressText(&list[i], set))
	}
	return texts
}

func names(list []conf.Track) []string {
	var names []string
	for _, t := range list {
		names = append(names, t.Name)
	}
	return names
}

// seconds6 is a time of day in seconds with six decimals.
func seconds6(t time.Time) json.Number {
	if t.IsZero() {
		return "0"
	}
	return json.Number(fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000))
}

// whole is a span in whole seconds.
func whole(d time.Duration) json.Number { return json.Number(fmt.Sprint(int64(d / time.Second))) }

// stateNumber is keepalived's number of a state.
func stateNumber(s event.State) int {
	switch s {
	case event.Backup:
		return 1
	case event.Master:
		return 2
	case event.Fault:
		return 3
	case event.Deleted:
		return 97
	case event.Stop:
		return 98
	}
	return 0
}

// jsonProcess is a vrrp_track_process. How many processes match is the
// tracker's own business: what is known here is whether they are enough.
type jsonProcess struct {
	Process        string  `json:"process"`
	Parameters     string  `json:"parameters,omitempty"`
	ParamMatch     string  `json:"param_match"`
	Min            int     `json:"min_processes"`
	Max            int64   `json:"max_processes"`
	HaveQuorum     bool    `json:"have_quorum"`
	Weight         int     `json:"weight"`
	TerminateDelay float64 `json:"terminate_delay"`
	ForkDelay      float64 `json:"fork_delay"`
	FullCommand    bool    `json:"full_command"`
}

func processesJSON(cfg *conf.Config, s *status.Status) []jsonProcess {
	list := make([]jsonProcess, 0, len(cfg.TrackProcesses))
	for i := range cfg.TrackProcesses {
		q := &cfg.TrackProcesses[i]
		j := jsonProcess{Process: q.Process, Parameters: strings.Join(q.Params, " "), ParamMatch: string(q.Match), Min: q.Quorum, Max: maxProcesses(q.QuorumMax),
			HaveQuorum: good(s, "process", q.Name), Weight: q.Weight, TerminateDelay: q.TerminateDelay.Seconds(), ForkDelay: q.ForkDelay.Seconds(), FullCommand: q.FullCommand}
		if j.ParamMatch == "" {
			j.ParamMatch = "none"
		}
		list = append(list, j)
	}
	return list
}

// maxProcesses writes "no limit" as keepalived's largest number.
func maxProcesses(n int) int64 {
	if n < 0 {
		return 1<<32 - 1
	}
	return int64(n)
}

// result is the latest of a tracker.
func result(s *status.Status, kind, name string) (status.Tracker, bool) {
	for _, r := range s.Trackers {
		if r.Kind == kind && r.Name == name {
			return r, r.Known
		}
	}
	return status.Tracker{}, false
}

func good(s *status.Status, kind, name string) bool {
	r, known := result(s, kind, name)
	return known && r.Value == 0
}
