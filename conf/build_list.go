package conf

import "strings"

// mustHaveItems are the lists that keepalived complains about when they are empty.
var mustHaveItems = map[setterKey]bool{
	{"global_defs", "notification_email"}: true,
	{"garp_group", "interfaces"}:          true,
	{"vrrp_sync_group", "group"}:          true,
}

// closeList complains about a list without items.
func (b *builder) closeList(kw *Keyword, pos Pos) {
	if kw.Block == "garp_group" {
		b.closeInterfaces()
	}
	if b.items == 0 && mustHaveItems[setterKey{kw.Block, kw.Name}] {
		b.report(emptyList, pos, "empty %s block", kw.Name)
	}
}

// openMembers refuses a second list of members.
func (b *builder) openMembers(s Statement) {
	if b.group.listed {
		b.report(alreadySet, s.Pos, "group of sync group %s already specified - ignoring this one", b.group.Name)
		b.refuse = true
	}
	b.group.listed = true
}

// quietMissing tells whether keepalived -t says nothing of a missing argument.
func quietMissing(kw *Keyword) bool {
	return kw.Name == "status_code" || strings.HasPrefix(kw.Name, "regex") ||
		kw.Name == "smtp_helo_name" || kw.Block == "vrrp_script" && kw.Name == "script"
}
