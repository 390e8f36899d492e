package conf

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// rawHMAC is an auth_hmac block that is being read.
type rawHMAC struct {
	AuthHMAC
	pos    Pos
	active maybe[uint8]
	window maybe[time.Duration]
}

// The shortest and the longest key in bytes.
const (
	minKey = 32
	maxKey = 64
)

// openHMAC begins auth_hmac; a second block of an instance adds to the first.
func openHMAC(b *builder, _ *Keyword, s Statement) {
	if b.inst.hmac == nil {
		b.inst.hmac = &rawHMAC{pos: s.Pos, AuthHMAC: AuthHMAC{Mode: HMACEnforce}}
	}
}

func hmacSetters() blockSetters {
	return blockSetters{
		"key": addKey,
		"active_key": func(b *builder, kw *Keyword, s Statement) {
			if n, ok := b.uintArg(kw, s, 1); ok {
				b.inst.hmac.active = some(uint8(n))
			}
		},
		"time_window": setMaybeDuration(func(b *builder) *maybe[time.Duration] { return &b.inst.hmac.window }),
		"anti_replay": func(b *builder, kw *Keyword, s Statement) {
			if b.enumArg(kw, s) {
				b.inst.hmac.Monotonic = s.Words[1].Text == "monotonic"
			}
		},
		"mode": func(b *builder, kw *Keyword, s Statement) {
			if b.enumArg(kw, s) {
				b.inst.hmac.Mode = HMACMode(s.Words[1].Text)
			}
		},
	}
}

// enumArg judges a word that must be one of those of the row.
func (b *builder) enumArg(kw *Keyword, s Statement) bool {
	p := kw.value.check(s.Words[1].Text)
	if p.code != 0 {
		b.report(p.code, s.PosOf(1), "%s: %s - ignoring", kw.Name, p.text)
	}
	return p.code == 0
}

// addKey reads "key <id> <secret>". No message shows what stands there: with
// the id left out even the first word is the secret.
func addKey(b *builder, kw *Keyword, s Statement) {
	h := b.inst.hmac
	id, ok := b.secretID(kw, s)
	if !ok {
		return
	}
	if len(s.Words) < 3 {
		b.report(missingValue, s.Pos, "(%s) key %d: the key is missing - ignoring", b.inst.Name, id)
		return
	}
	for _, old := range h.Keys {
		if old.ID == id {
			b.report(duplicateItem, s.PosOf(1), "(%s) key %d is there already - ignoring this one", b.inst.Name, id)
			return
		}
	}
	k := HMACKey{ID: id}
	if err := b.readKey(&k, s.Words[2].Text); err != nil {
		b.report(badKey, s.PosOf(2), "(%s) key %d: %v - ignoring the key", b.inst.Name, id, err)
		return
	}
	h.Keys = append(h.Keys, k)
}

func (b *builder) secretID(kw *Keyword, s Statement) (uint8, bool) {
	_, n, ok, p := kw.value.number(s.Words[1].Text)
	if !ok {
		b.report(p.code, s.PosOf(1), "(%s) key: the first word is no key id from %s to %s - ignoring the key", b.inst.Name, kw.Min, kw.Max)
	}
	return uint8(n), ok
}

// readKey finds the bytes of a key: hex:<hex>, file:<path> or the text itself.
func (b *builder) readKey(k *HMACKey, text string) (err error) {
	k.Key = []byte(text)
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		if k.Key, err = hex.DecodeString(digits); err != nil {
			return fmt.Errorf("what follows hex: is no even number of hex digits")
		}
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		k.File, k.Key = path, nil
		if b.opt.Host == nil {
			return nil // nothing of the host is asked
		}
		if k.Key, err = b.opt.Host.ReadFile(path, maxKey+3); err != nil { // a line end, and one byte too many
			return err
		}
		k.Key = bytes.TrimSuffix(bytes.TrimSuffix(k.Key, []byte("\n")), []byte("\r"))
	}
	if n := len(k.Key); n < minKey || n > maxKey {
		return fmt.Errorf("it has %d bytes, %d to %d are needed", n, minKey, maxKey)
	}
	return nil
}

// finishHMAC settles auth_hmac, which takes the place of authentication.
func (b *builder) finishHMAC(i *rawInstance, strict bool) {
	h := i.hmac
	if h == nil {
		return
	}
	switch {
	case len(h.Keys) == 0:
		b.report(hmacDisabled, h.pos, "(%s) auth_hmac has no usable key - ignoring auth_hmac", i.Name)
		return
	case !h.active.set:
		b.report(hmacDisabled, h.pos, "(%s) auth_hmac has no active_key - ignoring auth_hmac", i.Name)
		return
	}
	h.ActiveKey = h.active.value
	if !h.has(h.ActiveKey) {
		b.report(hmacDisabled, h.pos, "(%s) auth_hmac: active_key %d is not defined - ignoring auth_hmac", i.Name, h.ActiveKey)
		return
	}
	if strict && h.Mode != HMACEnforce {
		b.report(strictReset, h.pos, "(%s) strict mode needs auth_hmac mode enforce - setting it", i.Name)
		h.Mode = HMACEnforce
	}
	if i.AuthType != AuthNone {
		b.report(hmacReplaces, i.authPos, "(%s) auth_hmac takes the place of authentication - ignoring authentication", i.Name)
		i.AuthType = AuthNone
	}
	h.TimeWindow = h.window.or(max(3*i.AdvertInterval, 5*time.Second))
	if !h.window.set {
		_, high := b.optionRange("vrrp_instance/auth_hmac", "time_window")
		if _, n, ok := scaled(high, 0); ok {
			h.TimeWindow = min(h.TimeWindow, seconds(n, 0))
		}
	}
	i.HMAC = &h.AuthHMAC
}

func (h *rawHMAC) has(id uint8) bool {
	for _, k := range h.Keys {
		if k.ID == id {
			return true
		}
	}
	return false
}
