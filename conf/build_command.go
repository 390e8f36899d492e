package conf

import (
	"slices"
	"strconv"
	"strings"
)

// rawCommand is a script as it was written, waiting for finish to find its
// account and to judge its file.
type rawCommand struct {
	pos         Pos
	what        string // "notify_master of VI_1": named when the script is dropped
	args        []string
	user, group string
	accountPos  Pos // of the statement that names the account, when it is another one
	end         int // line of the } of its block, which keepalived names when there is no account
	dst         **Command
	tracked     bool // a vrrp_script: keepalived -t reports it when it is missing
	start       bool // startup_script or shutdown_script: run by the parent
	checker     bool // of a virtual server
	both        bool // of notify_fifo, which VRRP and checkers write to
	dropped     bool
	gone        bool // its object is not used
}

// scriptArg stores the script of a statement: one word, quoted when it has
// arguments, then an account. A second one of the same kind is refused.
func (b *builder) scriptArg(dst **Command, what string, s Statement) {
	if b.hooked[dst] != nil {
		b.report(alreadySet, s.Pos, "%s already specified - ignoring", what)
		return
	}
	c := &rawCommand{pos: s.Pos, what: what, args: splitScript(s.Words[1].Text), dst: dst, checker: b.vs != nil}
	if len(s.Words) > 2 {
		c.user = s.Words[2].Text
	}
	if len(s.Words) > 3 {
		c.group = strings.TrimPrefix(s.Words[3].Text, ":")
	}
	if len(c.args) == 0 {
		d := b.report(missingValue, s.PosOf(1), "%s: empty script - ignoring", what)
		if kw := s.Keyword(); kw != "startup_script" && kw != "shutdown_script" {
			d.Class = ClassNone // keepalived -t says it of these two only
		}
		return
	}
	b.commands, b.hooked[dst] = append(b.commands, c), c
}

// replaceScript is scriptArg for a keyword of which the last one wins. It
// drops words behind the script without a message, as keepalived does.
func (b *builder) replaceScript(dst **Command, what string, s Statement) *rawCommand {
	if old := b.hooked[dst]; old != nil {
		b.commands = slices.DeleteFunc(b.commands, func(c *rawCommand) bool { return c == old })
		delete(b.hooked, dst)
	}
	s.Words = s.Words[:2]
	b.scriptArg(dst, what, s)
	return b.hooked[dst]
}

// splitScript splits a script line into its words: ' and " group and glue to
// their neighbours, a backslash escapes (\a \b \E \f \n \r \t \v \ooo \xHH \cX).
func splitScript(line string) []string {
	var words []string
	var word []byte
	var quote byte
	in := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line):
			var n int
			c, n = unescape(line[i+1:])
			word, in = append(word, c), true
			i += n
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if in {
				words, word, in = append(words, string(word)), word[:0], false
			}
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		words = append(words, string(word))
	}
	return words
}

// unescape reads what follows a backslash and says how many bytes it took.
func unescape(s string) (c byte, n int) {
	if i := strings.IndexByte("abEfnrtv", s[0]); i >= 0 {
		return "\a\b\x1b\f\n\r\t\v"[i], 1
	}
	digits, base, skip := "", 8, 0
	switch {
	case s[0] >= '0' && s[0] <= '7':
		digits = prefixOf(s, "01234567", 3)
	case s[0] == 'x':
		digits, base, skip = prefixOf(s[1:], "0123456789abcdefABCDEF", 2), 16, 1
	case s[0] == 'c' && len(s) > 1:
		return s[1] & 0x1f, 2
	}
	if digits == "" {
		return s[0], 1
	}
	v, _ := strconv.ParseUint(digits, base, 16)
	return byte(v), skip + len(digits)
}

func prefixOf(s, set string, limit int) string {
	n := 0
	for n < len(s) && n < limit && strings.IndexByte(set, s[n]) >= 0 {
		n++
	}
	return s[:n]
}

// account is a uid and a gid, or the reason why there is none.
type account struct {
	uid, gid uint32
	err      error
}

// defaultAccount is what scripts without an own account run under:
// script_user, else the account keepalived_script, else root, which
// enable_script_security does not allow.
func (b *builder) defaultAccount() account {
	if u := b.global.scriptUser; u.name != "" {
		a := b.account(u.name, u.group)
		if a.err != nil {
			b.report(unknownAccount, u.pos, "Error setting global script uid/gid: %v", a.err)
		}
		return a
	}
	if b.opt.Host == nil {
		return account{}
	}
	a := b.account("keepalived_script", "")
	if a.err != nil && !b.global.EnableScriptSecurity {
		return account{}
	}
	return a
}

// account looks up a user and, when given, a group.
func (b *builder) account(user, group string) (a account) {
	if b.opt.Host == nil {
		uid, _ := strconv.ParseUint(user, 10, 32)
		gid, _ := strconv.ParseUint(group, 10, 32)
		return account{uid: uint32(uid), gid: uint32(gid)}
	}
	a.uid, a.gid, a.err = b.opt.Host.LookupUser(user)
	if a.err == nil && group != "" {
		a.gid, a.err = b.opt.Host.LookupGroup(group)
	}
	return a
}

// namedAccount is an account as it was written.
type namedAccount struct {
	user, group string
	pos         Pos
}

// finishCommands gives every script its account and drops those that cannot
// or must not run.
func (b *builder) finishCommands() {
	for _, a := range b.overruled {
		if err := b.account(a.user, a.group).err; err != nil {
			b.report(unknownAccount, a.pos, "Unable to set user %s: %v", a.user, err)
		}
	}
	if len(b.commands) == 0 && b.global.scriptUser.name == "" {
		return
	}
	def := b.defaultAccount()
	b.global.scriptAccount = &def
	for _, c := range b.commands {
		c.dropped = c.gone || !b.finishCommand(c, def)
	}
}

// checkSecurity complains about scripts that run unguarded.
func (b *builder) checkSecurity() {
	if b.global.EnableScriptSecurity {
		return
	}
	for _, c := range b.commands {
		if !c.dropped && b.judged(c) {
			b.report(securityOff, c.pos, "SECURITY VIOLATION - scripts run and enable_script_security is not set")
			return
		}
	}
}

// judged tells whether keepalived -t comes as far as the script: not for those
// of a process that has nothing to do, and not for those of VRRP when an
// interface is missing.
func (b *builder) judged(c *rawCommand) bool {
	vrrp, checker := len(b.insts) > 0 && !b.noInterface, len(b.servers) > 0
	switch {
	case c.start:
		return true
	case c.both:
		return vrrp || checker
	case c.checker:
		return checker
	}
	return vrrp
}

// dropHooks takes the scripts of an object that is removed out of account.
func (b *builder) dropHooks(n *Notify) {
	b.dropCommands(&n.Master, &n.Backup, &n.Fault, &n.Stop, &n.Deleted, &n.RxLowerPri, &n.Any)
}

// finishCommand sets the command of a script that can run. It reports whether
// keepalived -t counts it among those that run: so it does with files that are
// not executable.
func (b *builder) finishCommand(c *rawCommand, def account) bool {
	acc := def
	if c.user != "" {
		acc = b.account(c.user, c.group)
	}
	if acc.err != nil {
		code, pos := unknownAccount, c.pos
		if c.user != "" && !c.tracked && !c.start {
			code = scriptAccountUnknown // keepalived only logs it
		}
		if c.accountPos.Line > 0 {
			pos = c.accountPos
		}
		d := b.report(code, pos, "Unable to set user for %s - removing: %v", c.what, acc.err)
		if c.user == "" {
			d.End = c.end
		}
		return false
	}
	cmd := Command{Args: c.args, UID: acc.uid, GID: acc.gid}
	if b.opt.Host != nil {
		if b.global.SupplementaryGroups {
			cmd.Groups = b.opt.Host.SupplementaryGroups(acc.uid)
		}
		checked, verdict := b.opt.Host.CheckScript(cmd, b.global.UseSymlinkPaths)
		switch {
		case verdict.Missing && c.tracked:
			d := b.report(trackedMissing, c.pos, "Disabling %s since not found/accessible: %s", c.what, verdict.Reason)
			if !b.judged(c) {
				d.Class = ClassNone
			}
			return false
		case verdict.Missing:
			b.report(scriptMissing, c.pos, "Disabling %s since not found/accessible: %s", c.what, verdict.Reason)
			return false
		case verdict.NotExecutable:
			b.report(notExecutable, c.pos, "Disabling %s: %s", c.what, verdict.Reason)
			return true
		case verdict.Insecure && b.global.EnableScriptSecurity && !c.tracked:
			b.report(hookInsecure, c.pos, "Disabling %s due to insecure: %s", c.what, verdict.Reason)
			return false
		case verdict.Insecure && b.global.EnableScriptSecurity:
			d := b.report(scriptInsecure, c.pos, "Disabling %s due to insecure: %s", c.what, verdict.Reason)
			if !b.judged(c) {
				d.Class = ClassNone
			}
			return false
		}
		cmd = checked
	}
	*c.dst = &cmd
	return true
}
