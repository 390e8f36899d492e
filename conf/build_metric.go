package conf

import (
	"slices"
	"strings"
)

// pathMetric reads a path metric; those whose grammar says so may be locked.
func (r *routeReader) pathMetric(k MetricKind) {
	option := r.word()
	if !r.value() {
		return
	}
	lock := r.word() == "lock" && strings.HasPrefix(r.row(option).Args, "[lock]")
	if lock && !r.value() {
		return
	}
	var n uint64
	var ok bool
	switch k {
	case MetricRTT:
		n, ok = r.interval(option, 8)
	case MetricRTTVar:
		n, ok = r.interval(option, 4)
	case MetricRTOMin:
		n, ok = r.interval(option, 1)
	default:
		n, ok = r.number(option)
	}
	if ok {
		r.setMetric(RouteMetric{k, uint32(n), lock})
	}
}

// setMetric stores a metric in the place of an earlier one.
func (r *routeReader) setMetric(m RouteMetric) {
	if i := slices.IndexFunc(r.Metrics, func(old RouteMetric) bool { return old.Kind == m.Kind }); i >= 0 {
		r.Metrics[i] = m
		return
	}
	r.Metrics = append(r.Metrics, m)
}

// intervalUnits are the suffixes of a time, with its milliseconds in the last
// of the decimal places that it may have.
var intervalUnits = []struct {
	suffix string
	places int
}{{"msecs", 0}, {"msec", 0}, {"ms", 0}, {"secs", 3}, {"sec", 3}, {"s", 3}}

// interval reads a time in units of which perMS are one millisecond: that of
// a number without a suffix, too. What the row does not allow is moved into its range.
func (r *itemReader) interval(option string, perMS uint64) (uint64, bool) {
	text, v, scale := r.word(), valueSpec{kind: valueDecimal, high: 1 << 40}, uint64(1)
	lower := strings.ToLower(text)
	for _, u := range intervalUnits {
		if strings.HasSuffix(lower, u.suffix) {
			text, v.places, scale = text[:len(text)-len(u.suffix)], u.places, perMS
			break
		}
	}
	_, n, ok, p := v.number(text)
	switch {
	case !ok && n > 0 && p.code == outOfRange && text[0] != '-':
		n = v.high // clamped below
	case !ok:
		r.drop(p.code, "%s: %s", option, p.text)
		return 0, false
	case p.code != 0:
		r.b.report(p.code, r.pos(), "%s: %s - rounding", option, p.text)
	}
	n *= scale
	kw := r.row(option)
	_, low, _ := scaled(strings.TrimSuffix(kw.Min, "s"), 3)
	_, high, _ := scaled(strings.TrimSuffix(kw.Max, "s"), 3)
	if within := min(max(n, low*perMS), high*perMS); within != n {
		r.b.report(clampedNumber, r.pos(), "%s: '%s' is outside range [%s, %s] - using %d ms", option, r.word(), kw.Min, kw.Max, within/perMS)
		n = within
	}
	return n, true
}

func (r *routeReader) features() {
	if !r.value() {
		return
	}
	if kw, ok := r.b.table.lookup("virtual_routes/item/features/value", r.word()); !ok || kw.Name != "ecn" {
		r.b.report(badWord, r.pos(), "feature %s not supported - ignoring", r.word())
		return
	}
	r.setMetric(RouteMetric{Kind: MetricFeatures, Value: 1})
}

func (r *routeReader) congestion() {
	if !r.value() {
		return
	}
	lock := r.word() == "lock"
	if lock && !r.value() {
		return
	}
	r.Congestion, r.LockCongest = r.word(), lock
	if len(r.word()) > 15 {
		d := r.b.report(longName, r.pos(), "congctl: name '%s' has more than 15 bytes, which the kernel refuses", r.word())
		d.Class = ClassNone
		r.leave(d)
	}
}

// preferences are the numbers of pref's words (RFC 4191).
var preferences = map[string]uint8{"low": 3, "medium": 0, "high": 1}

func (r *routeReader) preference() {
	if !r.value() {
		return
	}
	if _, ok := r.b.table.lookup("virtual_routes/item/pref/value", r.word()); ok {
		if r.only(IPv6, "pref") {
			r.Preference = preferences[r.word()]
		}
		return
	}
	v := valueSpec{kind: valueUint}
	_, v.high = nameRange(r.row("pref"))
	_, n, ok, p := v.number(r.word())
	switch {
	case !ok:
		r.drop(p.code, "pref: %s", p.text)
	case r.only(IPv6, "pref"):
		r.Preference = uint8(n)
	}
}

func (r *routeReader) ttlPropagate() {
	if !r.value() {
		return
	}
	if _, ok := r.b.table.lookup("virtual_routes/item/ttl-propagate/value", r.word()); !ok {
		r.b.report(badWord, r.pos(), "ttl-propagate value %s not recognised - ignoring", r.word())
		return
	}
	on := r.word() == "enabled"
	r.TTLPropagate = &on
}
