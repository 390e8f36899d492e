package conf

import (
	"net/netip"
	"slices"
	"time"
)

// VMAC is use_vmac: the instance runs on a macvlan that has the virtual MAC.
type VMAC struct {
	Name   string `json:"name"`                         // as written, else vmac_prefix.VRID; unique among the instances
	MAC    string `json:"mac,omitempty"`                // six octets; "": the RFC's own MAC of the VRID
	Notify bool   `json:"netlink_notify_msg,omitempty"` // force a netlink message for the base interface
	Group  uint32 `json:"group,omitempty"`              // link group; 0: the kernel's default group
}

// IPVLANMode says who on the same parent an ipvlan may talk to.
type IPVLANMode string

const (
	IPVLANBridge  IPVLANMode = "bridge"
	IPVLANPrivate IPVLANMode = "private"
	IPVLANVEPA    IPVLANMode = "vepa"
)

// IPVLAN is use_ipvlan: the instance runs on an ipvlan in L2 mode. Address is
// also the source of adverts unless the instance has another; an IPv4
// instance without any stays in FAULT.
type IPVLAN struct {
	Name    string       `json:"name"` // as VMAC.Name
	Address netip.Prefix `json:"address,omitzero"`
	Mode    IPVLANMode   `json:"mode"`
	Group   uint32       `json:"group,omitempty"`
}

// HMACMode is mode of auth_hmac.
type HMACMode string

const (
	HMACEnforce     HMACMode = "enforce"      // sign, and accept signed adverts only
	HMACPermissive  HMACMode = "permissive"   // sign, and accept unsigned adverts too
	HMACReceiveOnly HMACMode = "receive-only" // do not sign, accept unsigned adverts too
)

// AuthHMAC is auth_hmac: every advert ends with a keyed hash.
type AuthHMAC struct {
	Keys       []HMACKey     `json:"keys"`        // at least one; ids are unique
	ActiveKey  uint8         `json:"active_key"`  // id of the key that signs; it is among Keys
	TimeWindow time.Duration `json:"time_window"` // accepted clock skew; default max(3 x advert_int, 5 s)
	Monotonic  bool          `json:"monotonic,omitempty"`
	Mode       HMACMode      `json:"mode"`
}

// HMACKey is one key of auth_hmac.
type HMACKey struct {
	ID   uint8  `json:"id"`
	Key  []byte `json:"key,omitempty"`  // 32 to 64 bytes; nil when File was not read because nothing of the host was asked
	File string `json:"file,omitempty"` // the file that the key came from
}

// hidden stands for a secret that is set.
const hidden = "********"

// WithoutSecrets gives a copy of c for the log: without passwords and keys.
func (c *Config) WithoutSecrets() *Config {
	shown := *c
	if c.Global.Mail.Password != "" {
		shown.Global.Mail.Password = hidden
	}
	shown.Global.NotifyWebhooks = slices.Clone(c.Global.NotifyWebhooks)
	for i, hook := range shown.Global.NotifyWebhooks {
		shown.Global.NotifyWebhooks[i] = WebhookName(hook)
	}
	shown.Instances = make([]Instance, len(c.Instances))
	for n, i := range c.Instances {
		i.AuthPass = nil
		if i.HMAC != nil {
			h := *i.HMAC
			h.Keys = make([]HMACKey, len(i.HMAC.Keys))
			for k, key := range i.HMAC.Keys {
				h.Keys[k] = HMACKey{ID: key.ID, File: key.File}
			}
			i.HMAC = &h
		}
		shown.Instances[n] = i
	}
	return &shown
}
