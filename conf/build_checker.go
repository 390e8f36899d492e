package conf

import (
	"net/netip"
	"time"
)

// checkKinds are all checkers.
var checkKinds = []CheckKind{TCPCheck, HTTPGet, SSLGet, UDPCheck, PingCheck, DNSCheck, SMTPCheck, MiscCheck, FileCheck, BFDCheck}

// rawCheck is a checker that is being read.
type rawCheck struct {
	Checker
	rawChecks
	rawConnect
	pos        Pos
	alpha      maybe[bool]
	vhost      string
	script     *rawMisc  // of a MISC_CHECK
	smtp       *rawHosts // of a SMTP_CHECK
	fileWeight *Track
	dropped    bool // a statement has made the checker useless, and said so
}

// rawMisc is what MISC_CHECK says of its script.
type rawMisc struct {
	cmd         *Command
	args        *rawCommand
	timeout     time.Duration
	user, group string
}

// rawHosts are the host blocks of a SMTP_CHECK: each is a checker of its own,
// and so is what stands outside of them if it says anything of a connection.
type rawHosts struct {
	open  bool // a host block is: pos is where it began
	pos   Pos
	main  rawConnect // what stands outside of the open block
	hosts []rawConnect
}

// rawConnect says where a checker connects to, and from where. SMTP_CHECK has
// one for each host block.
type rawConnect struct {
	timeout       maybe[time.Duration]
	connectIP     netip.Addr
	connectPort   uint16
	bindIP        netip.Addr
	bindPort      uint16
	bindInterface string
	mark          uint32
}

// connects reports whether a kind of checker opens a connection.
func (k CheckKind) connects() bool {
	return k != MiscCheck && k != FileCheck && k != BFDCheck
}

// setters are what the statements of a checker store.
func (k CheckKind) setters() []blockSetters {
	special := map[CheckKind]blockSetters{
		HTTPGet: httpSetters(), SSLGet: httpSetters(), UDPCheck: udpSetters(), DNSCheck: dnsSetters(),
		SMTPCheck: smtpSetters(), MiscCheck: miscSetters(), FileCheck: fileCheckSetters(), BFDCheck: bfdCheckSetters(),
	}
	list := []blockSetters{special[k]}
	if k != FileCheck && k != BFDCheck {
		list = append(list, checkSetters())
	}
	if k.connects() {
		list = append(list, connectSetters())
	}
	if k == SSLGet {
		list = append(list, blockSetters{"tls_compliant": setBool(func(b *builder) *bool { return &b.check.HTTP.TLSCompliant })})
	}
	return list
}

// urlBlockSetters are what the statements of a url store.
func urlBlockSetters(k CheckKind) []blockSetters {
	if k == SSLGet {
		return []blockSetters{urlSetters(), {"tls_compliant": setBool(func(b *builder) *bool { return &b.url.TLSCompliant })}}
	}
	return []blockSetters{urlSetters()}
}

func openCheck(b *builder, kw *Keyword, s Statement) {
	b.check = &rawCheck{pos: s.Pos, Checker: Checker{Kind: CheckKind(kw.Name)}}
	b.url = nil
	switch b.check.Kind {
	case HTTPGet, SSLGet:
		b.check.HTTP = &HTTPCheck{Version: "1.0"}
	case MiscCheck:
		b.check.Misc, b.check.script = &MiscOptions{}, &rawMisc{}
	case UDPCheck:
		b.check.UDP = &UDPOptions{MaxReply: defaultMaxReply}
	case DNSCheck:
		b.check.DNS = &DNSOptions{Type: "SOA", Name: "."}
	case SMTPCheck:
		b.check.SMTP, b.check.smtp = &SMTPOptions{HELO: "smtpchecker.keepalived.org"}, &rawHosts{}
	case FileCheck:
		b.check.File = &FileOptions{}
	case BFDCheck:
		b.check.BFD = &BFDOptions{}
	}
}

// closeCheck keeps a checker that has what it needs.
func (b *builder) closeCheck() {
	c := b.check
	b.check, b.url = nil, nil
	if c == nil || b.rs == nil {
		return
	}
	if c.dropped || !b.complete(c) {
		b.dropCheck(c)
		return
	}
	if c.script != nil && c.script.user != "" {
		c.script.args.user, c.script.args.group = c.script.user, c.script.group
	}
	if c.smtp == nil || len(c.smtp.hosts) == 0 || c.rawConnect != (rawConnect{}) && b.reachable(c, c.pos) {
		b.rs.checks = append(b.rs.checks, c)
	}
	if c.smtp == nil {
		return
	}
	for _, host := range c.smtp.hosts {
		one := *c
		host.timeout = host.timeout.orElse(c.rawConnect.timeout)
		one.rawConnect = host
		b.rs.checks = append(b.rs.checks, &one)
	}
}

// dropCheck takes the script of a checker that is not used out of account.
func (b *builder) dropCheck(c *rawCheck) {
	if c.script != nil {
		b.dropCommands(&c.script.cmd)
	}
}

// complete reports whether a checker has what it is for.
func (b *builder) complete(c *rawCheck) bool {
	switch {
	case c.HTTP != nil && len(c.HTTP.URLs) == 0:
		b.reportEnd(incompleteBlock, c.pos, "HTTP/SSL_GET checker has no urls specified - ignoring")
	case c.script != nil && c.script.args == nil:
		b.reportEnd(incompleteBlock, c.pos, "No script path has been specified for MISC_CHECKER - skipping")
	case c.File != nil && c.File.TrackFile == "":
		b.reportEnd(incompleteBlock, c.pos, "FILE_CHECK has no track_file specified - ignoring")
	case c.BFD != nil && c.BFD.Name == "":
		b.reportEnd(incompleteBlock, c.pos, "No name has been specified for BFD_CHECKER - skipping")
	case c.BFD != nil && b.rs.followsBFD(c.BFD.Name):
		b.reportEnd(duplicateItem, c.pos, "BFD_CHECK: the real server follows %s already - skipping", c.BFD.Name)
	default:
		if c.UDP != nil {
			b.reviewReply(c)
		}
		return !c.Kind.connects() || c.smtp != nil && len(c.smtp.hosts) > 0 || b.reachable(c, c.pos)
	}
	return false
}

// reviewReply looks at the lengths that UDP_CHECK allows.
func (b *builder) reviewReply(c *rawCheck) {
	u := c.UDP
	if u.MinReply > u.MaxReply {
		b.reportEnd(replyLengths, c.pos, "UDP_CHECK min_reply_length %d > max_reply_length %d - will always fail", u.MinReply, u.MaxReply)
	}
	if len(u.Reply) == 0 && (u.MinReply != 0 || u.MaxReply != defaultMaxReply) {
		b.report(unusedLengths, c.pos, "UDP_CHECK min_reply_length and max_reply_length have no effect without a pattern behind require_reply")
	}
}

func (r *rawReal) followsBFD(name string) bool {
	for _, c := range r.checks {
		if c.BFD != nil && c.BFD.Name == name {
			return true
		}
	}
	return false
}

// reachable reports whether a link-local target has the interface that it needs.
func (b *builder) reachable(c *rawCheck, pos Pos) bool {
	to := c.target(b.rs)
	if !to.IsLinkLocalUnicast() || !to.Is6() || c.bindInterface != "" {
		return true
	}
	b.reportEnd(linkLocal, pos, "Checker link local address %s requires a bind_if - skipping", to)
	return false
}

// target is the address that a checker connects to.
func (c *rawConnect) target(r *rawReal) netip.Addr {
	if c.connectIP.IsValid() {
		return c.connectIP
	}
	return r.Addr.Addr()
}

func setUint16(field func(*builder) *uint16) setter {
	return func(b *builder, kw *Keyword, s Statement) {
		if n, ok := b.uintArg(kw, s, 1); ok {
			*field(b) = uint16(n)
		}
	}
}

// checkSetters are what checkers that run by a timer have.
func checkSetters() blockSetters {
	m := inherited(func(b *builder) *rawChecks { return &b.check.rawChecks })
	delete(m, "connect_timeout")
	m["alpha"] = setMaybeBool(func(b *builder) *maybe[bool] { return &b.check.alpha })
	m["log_all_failures"] = setBool(func(b *builder) *bool { return &b.check.LogAllFailures })
	return m
}

// connectSetters are what checkers that open a connection have.
func connectSetters() blockSetters {
	return blockSetters{
		"connect_timeout": setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.check.rawConnect.timeout }),
		"connect_ip":      setConnectIP,
		"connect_port":    setUint16(func(b *builder) *uint16 { return &b.check.connectPort }),
		"bindto":          setBindIP,
		"bind_port":       setUint16(func(b *builder) *uint16 { return &b.check.bindPort }),
		"bind_if":         setBindInterface,
		"fwmark":          setUint32(func(b *builder) *uint32 { return &b.check.mark }),
	}
}

func setConnectIP(b *builder, _ *Keyword, s Statement) {
	a, ok := b.plainAddr(s, 1)
	switch bind := b.check.bindIP; {
	case !ok:
		b.report(badAddress, s.PosOf(1), "Invalid connect_ip address %s - ignoring", s.Words[1].Text)
	case bind.IsValid() && bind.Is4() != a.Is4():
		b.report(bindFamily, s.PosOf(1), "connect_ip address %s does not match address family of bindto - ignoring", a)
	default:
		b.check.connectIP = a
	}
}

// setBindIP compares with the target, which a SMTP_CHECK does not know
// outside of its host blocks.
func setBindIP(b *builder, _ *Keyword, s Statement) {
	a, ok := b.plainAddr(s, 1)
	to := b.check.target(b.rs)
	if b.check.smtp != nil && !b.check.smtp.open {
		to = b.check.connectIP
	}
	switch {
	case !ok:
		b.report(badAddress, s.PosOf(1), "Invalid bindto address %s - ignoring", s.Words[1].Text)
	case to.IsValid() && to.Is4() != a.Is4():
		b.report(bindFamily, s.PosOf(1), "bindto address %s does not match address family of connect_ip - ignoring", a)
	default:
		b.check.bindIP = a
	}
}

func setBindInterface(b *builder, _ *Keyword, s Statement) {
	name := s.Words[1].Text
	if len(name) > longestName {
		b.report(longName, s.PosOf(1), "Interface name %s is too long - ignoring", name)
		return
	}
	b.check.bindInterface = name
}
