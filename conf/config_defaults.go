package conf

// Defaults are the settings of global_defs that objects inherit. They are
// resolved in each object; whoever acts looks there.
type Defaults struct {
	Interface        string   // default_interface
	Script           *Account // what scripts without an account of their own run under; nil: there are none
	Version          uint8    // vrrp_version
	GARP             GARP     // vrrp_garp_*
	DownTimerAdverts int      // vrrp_down_timer_adverts
	LowerPrioNoAdv   bool     // vrrp_lower_prio_no_advert
	HigherPrioAdv    bool     // vrrp_higher_prio_send_advert
	CheckUnicastSrc  bool     // vrrp_check_unicast_src
	SkipCheckAddr    bool     // vrrp_skip_check_adv_addr
	Strict           bool     // vrrp_strict
	ChecksumAsV2     bool     // v3_checksum_as_v2
	PriorityChange   bool     // vrrp_notify_priority_changes
	SMTPAlert        *bool    // smtp_alert; nil: not written
	SMTPAlertVRRP    *bool    // smtp_alert_vrrp
	SMTPAlertChecker *bool    // smtp_alert_checker
}

// Account is a user and a group by number.
type Account struct{ UID, GID uint32 }

// defaults gathers them once they are resolved.
func (g *rawGlobal) defaults() Defaults {
	d := Defaults{
		Interface: g.defaultIf, Version: g.version.or(2),
		GARP: GARP{MasterDelay: g.garpDelay.value, MasterRepeat: g.garpRepeat.value, Refresh: g.garpRefresh, RefreshRepeat: g.refreshRepeat.value,
			LowerPrioDelay: g.lowerDelay.value, LowerPrioRepeat: g.lowerRepeat.value, ExtraInterval: g.extra.interval, ExtraAll: g.extra.all},
		DownTimerAdverts: g.downAdverts.or(defaultDownAdverts), LowerPrioNoAdv: g.lowerNoAdvert, HigherPrioAdv: g.higherAdvert.or(true),
		CheckUnicastSrc: g.checkUnicastSrc, SkipCheckAddr: g.skipCheckAdv, Strict: g.strict, ChecksumAsV2: g.checksumAsV2, PriorityChange: g.prioChanges,
		SMTPAlert: g.alerts.all.pointer(), SMTPAlertVRRP: g.alerts.vrrp.pointer(), SMTPAlertChecker: g.alerts.checker.pointer(),
	}
	if a := g.scriptAccount; a != nil {
		d.Script = &Account{UID: a.uid, GID: a.gid}
	}
	return d
}

// pointer gives the value if one was written, else nil.
func (m maybe[T]) pointer() *T {
	if !m.set {
		return nil
	}
	return &m.value
}
