package conf

import "net/netip"

// Host is what the configuration must know of the machine it is for.
type Host interface {
	// InterfaceExists reports whether the kernel has an interface of that name.
	InterfaceExists(name string) bool
	// ReusableLink reports whether the link that has the name is one that an
	// instance may take over: a private macvlan, or an ipvlan in L2 mode.
	ReusableLink(name string, ipvlan bool) bool
	// PrimaryAddress gives the address that adverts leave from unless one is
	// configured; the zero address when there is none.
	PrimaryAddress(name string, f Family) netip.Addr
	// MTU gives the largest packet of a link in bytes; 0 when there is no such link.
	MTU(name string) int
	// CPUs is the number of processors that are online.
	CPUs() int
	// LookupUser resolves an account to its uid and primary gid; numeric names are accepted.
	LookupUser(name string) (uid, gid uint32, err error)
	// LookupGroup resolves a group name or number.
	LookupGroup(name string) (gid uint32, err error)
	// SupplementaryGroups gives the groups that an account is a member of,
	// beside its own gid.
	SupplementaryGroups(uid uint32) []uint32
	// CheckScript judges a script's path: not found, not executable, or not
	// safe to be run by root. It returns the command to run: Args[0] with its
	// directory, of which symbolic links are resolved unless asWritten is set;
	// Shell set for a file without #!.
	CheckScript(c Command, asWritten bool) (Command, ScriptVerdict)
	// ResolveHost tells why the name of a host has no address; nil also where
	// name servers are not to be asked.
	ResolveHost(name string) error
	// CheckTLSClient reads the files of an SSL block and tells why they, or the
	// password, cannot be used; fields may be empty.
	CheckTLSClient(t *TLSClient) error
	// ReadFile gives the first bytes of a regular file, at most so many.
	ReadFile(path string, most int64) ([]byte, error)
	// DirectoryExists reports whether a path is a directory.
	DirectoryExists(path string) bool
	// LookupName gives the number of a name. dirs are the directories of
	// iproute2's files, the ones looked at first in front; none means the usual ones.
	LookupName(kind NameKind, name string, dirs ...string) (uint32, error)
}

// NameKind says what a name stands for.
type NameKind uint8

const (
	NameTable      NameKind = iota // routing table, rt_tables
	NameProtocol                   // origin of a route, rt_protos
	NameScope                      // rt_scopes
	NameRealm                      // rt_realms
	NameDSField                    // rt_dsfield
	NameGroup                      // interface group, group
	NameIPProtocol                 // /etc/protocols
	NameVRF                        // VRF device: its routing table
)

// ScriptVerdict is what CheckScript found.
type ScriptVerdict struct {
	Missing       bool   // no such file: the script is dropped
	NotExecutable bool   // its account may not execute it: the script is dropped
	Insecure      bool   // a path component may be written by someone else than root
	Reason        string // names the component and its mode
}

// onceHost asks another Host each question once: thousands of routes name the
// same few interfaces, thousands of checks the same script.
type onceHost struct {
	Host
	links   memo[string, bool]
	mtus    memo[string, int]
	dirs    memo[string, bool]
	users   memo[string, account]
	members memo[uint32, []uint32]
	groups  memo[string, account]
	scripts memo[scriptQuestion, scriptAnswer]
	names   memo[nameQuestion, nameAnswer]
}

func newOnceHost(h Host) *onceHost {
	return &onceHost{Host: h, links: memo[string, bool]{}, mtus: memo[string, int]{}, dirs: memo[string, bool]{}, users: memo[string, account]{}, members: memo[uint32, []uint32]{}, groups: memo[string, account]{},
		scripts: memo[scriptQuestion, scriptAnswer]{}, names: memo[nameQuestion, nameAnswer]{}}
}

// memo remembers answers.
type memo[Q comparable, A any] map[Q]A

func (m memo[Q, A]) get(question Q, ask func() A) A {
	answer, known := m[question]
	if !known {
		answer = ask()
		m[question] = answer
	}
	return answer
}

func (h *onceHost) InterfaceExists(name string) bool {
	return h.links.get(name, func() bool { return h.Host.InterfaceExists(name) })
}

func (h *onceHost) MTU(name string) int {
	return h.mtus.get(name, func() int { return h.Host.MTU(name) })
}

func (h *onceHost) DirectoryExists(path string) bool {
	return h.dirs.get(path, func() bool { return h.Host.DirectoryExists(path) })
}

func (h *onceHost) LookupUser(name string) (uid, gid uint32, err error) {
	a := h.users.get(name, func() (a account) {
		a.uid, a.gid, a.err = h.Host.LookupUser(name)
		return a
	})
	return a.uid, a.gid, a.err
}

func (h *onceHost) LookupGroup(name string) (uint32, error) {
	a := h.groups.get(name, func() (a account) {
		a.gid, a.err = h.Host.LookupGroup(name)
		return a
	})
	return a.gid, a.err
}

func (h *onceHost) SupplementaryGroups(uid uint32) []uint32 {
	return h.members.get(uid, func() []uint32 { return h.Host.SupplementaryGroups(uid) })
}

// scriptQuestion is what the verdict about a script depends on.
type scriptQuestion struct {
	path      string
	uid, gid  uint32
	asWritten bool
}

type scriptAnswer struct {
	path    string
	shell   bool
	verdict ScriptVerdict
}

func (h *onceHost) CheckScript(c Command, asWritten bool) (Command, ScriptVerdict) {
	a := h.scripts.get(scriptQuestion{c.Args[0], c.UID, c.GID, asWritten}, func() scriptAnswer {
		checked, verdict := h.Host.CheckScript(c, asWritten)
		return scriptAnswer{checked.Args[0], checked.Shell, verdict}
	})
	c.Args = append([]string{a.path}, c.Args[1:]...)
	c.Shell = a.shell
	return c, a.verdict
}

type nameQuestion struct {
	kind NameKind
	name string
}

type nameAnswer struct {
	number uint32
	err    error
}

// LookupName remembers answers for the directories of the first question: a
// file names them once.
func (h *onceHost) LookupName(kind NameKind, name string, dirs ...string) (uint32, error) {
	a := h.names.get(nameQuestion{kind, name}, func() (a nameAnswer) {
		a.number, a.err = h.Host.LookupName(kind, name, dirs...)
		return a
	})
	return a.number, a.err
}
