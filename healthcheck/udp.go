package healthcheck

import (
	"context"
	"errors"
	"fmt"

	"halbd/conf"
)

// udpPayload is what UDP_CHECK sends when the configuration says nothing. The
// bytes are keepalived's: a server may know them.
const udpPayload = "keepalived check - keepalived ch"

// probeUDP sends one datagram. Silence is good unless a reply is required; an
// ICMP error is not.
func probeUDP(ctx context.Context, k *conf.Checker) error {
	c, err := dialUDP(ctx, k)
	if err != nil {
		return fmt.Errorf("%v: %w", k.Connect, err)
	}
	defer c.Close()
	payload := k.UDP.Payload
	if len(payload) == 0 {
		payload = []byte(udpPayload)
	}
	// One byte more than is allowed tells that a reply is too long.
	size := max(k.UDP.MaxReply, len(k.UDP.Reply)) + 1
	err = exchange(ctx, c, payload, k.ConnectTimeout, size, func(reply []byte) (bool, error) {
		return true, judgeUDP(k.UDP, reply)
	})
	if err == nil || errors.Is(err, errSilent) && !k.UDP.RequireReply {
		return nil
	}
	return fmt.Errorf("%v: %w", k.Connect, err)
}

// judgeUDP compares the first reply with what is required. The pattern is
// compared over the shorter of the two lengths; the limits of the length hold
// beside a pattern only, as in keepalived.
func judgeUDP(u *conf.UDPOptions, reply []byte) error {
	switch {
	case !u.RequireReply || len(u.Reply) == 0:
		return nil
	case len(reply) < u.MinReply:
		return fmt.Errorf("the reply has %d bytes, fewer than %d", len(reply), u.MinReply)
	case len(reply) > u.MaxReply:
		return fmt.Errorf("the reply has more than %d bytes", u.MaxReply)
	}
	for i := range min(len(reply), len(u.Reply)) {
		if (reply[i]^u.Reply[i])&u.ReplyMask[i] != 0 {
			return fmt.Errorf("byte %d of the reply is %02x, not as require_reply has it: % .32x", i+1, reply[i], reply)
		}
	}
	return nil
}
