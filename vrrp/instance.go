package vrrp

import (
	"fmt"
	"net/netip"
	"time"

	"halbd/conf"
	"halbd/event"
)

// instance is one virtual router (RFC 9568 section 6).
type instance struct {
	cfg          *conf.Instance
	group        *group
	tracking     conf.Tracking // its own and its group's
	state        event.State   // "" until everything that is tracked is known
	entered      transition    // when it came into its state, and why
	held         bool          // its addresses are to be on this host
	priority     uint8         // effective
	base         uint8         // the configured priority that it was computed from
	faults       []string      // its own reasons, not its group's
	implied      []implied     // interfaces of its objects
	objectFaults []string      // those of them that ObjectFaults has named
	ownLink      string        // the VMAC or ipvlan that it runs on; "": the interface itself
	extra        []netip.Addr  // what garp_extra_if announces
	source       netip.Addr    // of its adverts; invalid when the interface has none

	// What it knows of the master while BACKUP.
	master         netip.Addr
	masterPriority uint8
	masterInterval time.Duration
	rival          netip.Addr // who advertises a lower priority that does not count
	resigned       bool       // the master's last advert had priority 0
	expired        bool       // the master-down time is over; it claims when its group can
	instant        bool       // it claims without waiting, as the address owner
	preemptAt      Time       // preempt_delay: lower adverts are honoured until then; 0: not running

	heardAt, sentAt Time       // of the last advert that passed the checks, of the last own one; 0: none
	heardFrom       netip.Addr // who sent the former

	demoted   bool // priority 255 was given up: there is another owner
	listening bool // a MASTER that slept: silent until it knows
	order     *standing
	offer     *offer

	claim
	transmit
	conflict
	oldChecksum bool // a unicast peer uses keepalived's old checksum
	ipID        uint16
	complaints  map[complaint]bool // what was already said of received packets
	counters    Counters
	ah          *authHeader // auth_type AH
	hmac        *signer     // auth_hmac
	deadlines
}

// transition is when and why a state was entered, and how long after its deadline.
type transition struct {
	since Time
	cause string
	late  Time
}

func newInstance(cfg *conf.Instance) *instance {
	in := &instance{cfg: cfg, priority: cfg.Priority, masterInterval: cfg.AdvertInterval}
	in.oldChecksum = cfg.OldChecksum == conf.OldChecksumAlways
	for t := range timers {
		in.at[t] = never
	}
	in.Due = never
	return in
}

// skew is Skew_Time after the interval of the master.
func (in *instance) skew() time.Duration {
	return skewTime(in.cfg.Version, in.priority, in.masterInterval)
}

// masterDownInterval is Active_Down_Interval, with down_timer_adverts for the 3.
func (in *instance) masterDownInterval() time.Duration {
	return time.Duration(in.cfg.DownTimerAdverts)*in.masterInterval + in.skew()
}

// findSource chooses the source address of adverts: the configured one, or the
// interface's primary (IPv6: its link-local) address.
func (in *instance) findSource(link *InterfaceState) netip.Addr {
	if in.cfg.Source.IsValid() {
		return in.cfg.Source
	}
	if v := in.cfg.IPVLAN; v != nil && v.Address.IsValid() {
		return v.Address.Addr()
	}
	for _, a := range link.Addrs {
		if in.cfg.Family == conf.IPv4 && a.Is4() || in.cfg.Family == conf.IPv6 && a.Is6() && a.IsLinkLocalUnicast() {
			return a
		}
	}
	return netip.Addr{}
}

// owner reports whether the instance becomes MASTER without waiting (priority
// 255, RFC 9568 section 6.4.1). A written "state BACKUP" keeps it waiting.
func (in *instance) owner() bool { return in.cfg.Priority == 255 && !in.cfg.StateBackup && !in.demoted }

// enter changes the state and publishes it. Timers are the caller's.
func (c *Core) enter(in *instance, to event.State, cause string, late Time) {
	was := in.state
	in.state = to
	if in.offer != nil {
		c.endOffer(in.offer, c.now, fmt.Sprintf("%s is %s now: %s", in.cfg.Name, to, cause))
	}
	in.entered = transition{since: c.now, cause: cause, late: late}
	if was == event.Master && to != event.Master {
		in.counters.ReleasedMaster++
	}
	c.acts.Events = append(c.acts.Events, event.Event{Kind: event.Instance, Name: in.cfg.Name, State: to,
		Previous: was, Priority: int(in.priority), Cause: cause, Late: late})
	if in.group != nil {
		in.group.cause = in.cfg.Name + ": " + cause
	}
}

// becomeMaster takes the addresses, the advert of the claim having left, and
// announces them.
func (c *Core) becomeMaster(in *instance, now Time) {
	granted := in.claim
	in.claim = claim{}
	in.conflict = conflict{preempted: in.rival, lastWord: now + in.cfg.AdvertInterval}
	in.forgetMaster()
	in.counters.BecameMaster++
	in.held = true
	c.acts.Gained = append(c.acts.Gained, in.cfg.Name)
	c.stopTimers(in)
	c.set(in, timerMain, now+in.cfg.AdvertInterval)
	c.announceRole(in, now)
	c.enter(in, event.Master, granted.cause, granted.late)
	if in.order != nil {
		c.endOrder(in, now, "it is MASTER again")
	}
}

// announceRole tells the network of every address, now and as garp_master_delay
// and garp_master_refresh say.
func (c *Core) announceRole(in *instance, now Time) {
	g := &in.cfg.GARP
	c.announce(in, g.MasterRepeat)
	switch {
	case g.MasterDelay > 0:
		c.set(in, timerAnnounce, now+g.MasterDelay)
	case g.Refresh > 0:
		c.set(in, timerRefresh, now+g.Refresh)
	}
	c.setExtra(in, now)
}

// setExtra plans the next announcement on other interfaces, if there is
// anything to announce there.
func (c *Core) setExtra(in *instance, now Time) {
	every := in.cfg.GARP.ExtraInterval
	if every == 0 || len(in.extra) == 0 {
		c.set(in, timerExtra, never)
		return
	}
	c.set(in, timerExtra, now+every)
}

// extraAddresses are those that garp_extra_if announces: they are on another
// interface than adverts leave by, one whose MAC the switches may forget. With
// "all" that need not be a VMAC.
func extraAddresses(in *conf.Instance) (list []netip.Addr) {
	vmac := map[string]bool{}
	for _, name := range in.VMACs() {
		vmac[name] = true
	}
	for _, addresses := range [][]conf.Address{in.Addresses, in.Excluded} {
		for i := range addresses {
			a := &addresses[i]
			if a.Interface != in.SendInterface() && (vmac[a.Interface] || in.GARP.ExtraAll) {
				list = append(list, a.Prefix.Addr())
			}
		}
	}
	return list
}

// becomeBackup waits for a master to fall silent.
func (c *Core) becomeBackup(in *instance, now Time, cause string) {
	c.giveUp(in)
	c.stopTimers(in)
	in.expired, in.resigned = false, false
	c.wait(in, max(now, c.deafUntil))
	c.enter(in, event.Backup, cause, 0)
}

func (c *Core) becomeFault(in *instance, cause string) {
	c.resign(in)
	c.stopTimers(in)
	in.forgetMaster()
	c.enter(in, event.Fault, cause, 0)
}

func (in *instance) forgetMaster() {
	in.master, in.resigned, in.expired, in.instant, in.preemptAt = netip.Addr{}, false, false, false, 0
	in.rival, in.masterPriority = netip.Addr{}, 0
}

// resign tells the backups to take over at once and gives up the addresses.
func (c *Core) resign(in *instance) {
	if in.state == event.Master {
		c.advertise(in, 0)
	}
	c.giveUp(in)
}

func (c *Core) giveUp(in *instance) {
	in.listening = false
	if in.held {
		in.held = false
		c.acts.Addresses = true
	}
}

// masterDown is the end of the wait for a master. A member of a sync group
// claims its role only when every member's wait has ended.
func (c *Core) masterDown(in *instance, now, late Time) {
	if in.slept(late) {
		c.listenAgain(in, now, late)
		return
	}
	c.claimOrWait(in, now, late)
}

// claimOrWait claims the role of an instance whose wait has ended; a member of
// a sync group waits for the others.
func (c *Core) claimOrWait(in *instance, now, late Time) {
	in.expired = true
	if in.holdsBack() {
		c.stayBack(in)
		return
	}
	if in.group == nil {
		c.claimRole(in, now, late, in.downCause())
		return
	}
	c.claimGroup(in, now, late)
}

// downCause says why the wait for a master ended.
func (in *instance) downCause() string {
	interval := in.masterDownInterval().Round(time.Microsecond)
	switch {
	case in.instant:
		return "priority 255: this host owns the addresses"
	case in.resigned:
		return fmt.Sprintf("%v resigned (priority 0)", in.master)
	case in.rival.IsValid():
		return fmt.Sprintf("pre-empts %v, whose priority is lower than %d", in.rival, in.priority)
	case in.master.IsValid():
		return fmt.Sprintf("no usable advert from %v for %v (master-down timer)", in.master, interval)
	}
	return fmt.Sprintf("no master heard for %v (master-down timer)", interval)
}

// announce asks for one set of gratuitous ARPs or unsolicited NAs.
func (c *Core) announce(in *instance, repeat int) {
	c.acts.Announce = append(c.acts.Announce, Announce{Instance: in.cfg.Name, Repeat: max(1, repeat)})
}

// wireInterval is the advertisement interval in the unit of the version.
func (in *instance) wireInterval() uint16 {
	if in.cfg.Version == 2 {
		return uint16(in.cfg.AdvertInterval / time.Second)
	}
	return uint16(in.cfg.AdvertInterval / (10 * time.Millisecond))
}
