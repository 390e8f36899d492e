package conf

// rawAlerts are the mail settings of global_defs that objects inherit.
type rawAlerts struct {
	all     maybe[bool] // smtp_alert
	vrrp    maybe[bool] // smtp_alert_vrrp
	checker maybe[bool] // smtp_alert_checker
}

func alertSetters() blockSetters {
	return blockSetters{
		"smtp_alert":         setMaybeBool(func(b *builder) *maybe[bool] { return &b.global.alerts.all }),
		"smtp_alert_vrrp":    setMaybeBool(func(b *builder) *maybe[bool] { return &b.global.alerts.vrrp }),
		"smtp_alert_checker": setMaybeBool(func(b *builder) *maybe[bool] { return &b.global.alerts.checker }),
		"no_checker_emails":  setBool(func(b *builder) *bool { return &b.global.NoCheckerEmails }),
	}
}

// ofVRRP is the smtp_alert of an instance or a sync group: its own, else
// smtp_alert_vrrp, else smtp_alert, else off.
func (a *rawAlerts) ofVRRP(own maybe[bool]) bool {
	return own.orElse(a.vrrp).orElse(a.all).or(false)
}

// checkerAlert is the smtp_alert of a virtual or real server: its own, else
// smtp_alert_checker, else smtp_alert, else def.
func (b *builder) checkerAlert(own maybe[bool], def bool) bool {
	a := &b.global.alerts
	return own.orElse(a.checker).orElse(a.all).or(def)
}
