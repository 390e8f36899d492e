package supervise

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"maps"
	"strings"

	"halbd/conf"
	"halbd/internal/compact"
	"halbd/internal/ipc"
)

// snapshots are the configuration as each child gets it: encoded, and packed
// once the children have it. Only a child that starts again needs it then, and
// ten thousand real servers are a tenth of the size.
type snapshots map[role]snapshot

type snapshot struct {
	message []byte // nil: packed
	packed  []byte // message, deflated
}

func newSnapshots(cfg *conf.Config) (snapshots, error) {
	s := snapshots{}
	for _, r := range roles {
		b, err := encodeFor(r, cfg)
		if err != nil {
			return nil, err
		}
		s[r] = snapshot{message: b}
	}
	return s, nil
}

// encodeFor makes the snapshot for one child: the same configuration, without
// the part that only the other child uses.
func encodeFor(r role, cfg *conf.Config) ([]byte, error) {
	part := *cfg
	switch r {
	case roleVRRP:
		part.VirtualServers = nil
	case roleChecker:
		part.SyncGroups, part.StaticAddresses, part.Scripts, part.TrackFiles = nil, nil, nil, nil
	case roleBFD:
		part = conf.Config{Global: cfg.Global, BFDs: cfg.BFDs}
	}
	return ipc.Frame(msgConfig, func(to []byte) ([]byte, error) { return compact.Append(to, &part) })
}

// of returns the message for a child.
func (s snapshots) of(r role) ([]byte, error) {
	if s[r].packed == nil {
		return s[r].message, nil
	}
	b, err := io.ReadAll(flate.NewReader(bytes.NewReader(s[r].packed)))
	if err != nil {
		return nil, fmt.Errorf("unpack the configuration of the %s process: %w", r, err)
	}
	return b, nil
}

// pack makes the snapshots small.
func (s snapshots) pack() {
	for r, v := range s {
		if v.packed != nil {
			continue
		}
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestSpeed)
		if err != nil {
			return // a level that does not exist
		}
		w.Write(v.message)
		w.Close()
		s[r] = snapshot{packed: bytes.Clone(b.Bytes())}
	}
}

// take makes a configuration the running one. With virtual servers the rest is
// decoded anew: its strings would hold on to the text of the file.
func (p *parent) take(cfg *conf.Config) {
	p.served = len(cfg.VirtualServers) > 0
	if !p.served {
		p.cfg = cfg
		return
	}
	rest := *cfg
	rest.VirtualServers = nil
	p.cfg = &rest
	if b, err := compact.Append(nil, &rest); err == nil {
		if copied := new(conf.Config); compact.Read(b, copied) == nil {
			copied.Defaults = cfg.Defaults
			copied.Defaults.Interface = strings.Clone(cfg.Defaults.Interface)
			p.cfg = copied
		}
	}
	p.cfg.VirtualServers = cfg.VirtualServers
}

// whole is the running configuration with the virtual servers that slim took
// away.
func (p *parent) whole() (*conf.Config, error) {
	return p.keptConfig().whole()
}

// keptConfig is the running configuration, to be looked at by any goroutine.
type keptConfig struct {
	cfg    conf.Config
	packed snapshots // what the virtual servers are in; nil: cfg has them
}

func (p *parent) keptConfig() keptConfig {
	k := keptConfig{cfg: *p.cfg}
	if p.served && p.cfg.VirtualServers == nil {
		k.packed = maps.Clone(p.snapshots)
	}
	return k
}

func (k keptConfig) whole() (*conf.Config, error) {
	if k.packed == nil {
		return &k.cfg, nil
	}
	b, err := k.packed.of(roleChecker)
	if err != nil {
		return nil, err
	}
	part, err := decodeConfig(ipc.Payload(b))
	if err != nil {
		return nil, fmt.Errorf("unpack the virtual servers: %w", err)
	}
	k.cfg.VirtualServers = part.VirtualServers
	return &k.cfg, nil
}

// slim forgets what only the children need of the configuration: they have it.
func (p *parent) slim() {
	p.snapshots.pack()
	p.cfg.VirtualServers = nil
}
