package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"halbd/conf"
)

// dnsTypes are the record types that DNS_CHECK can ask for.
var dnsTypes = map[string]dnsmessage.Type{
	"A": dnsmessage.TypeA, "NS": dnsmessage.TypeNS, "CNAME": dnsmessage.TypeCNAME, "SOA": dnsmessage.TypeSOA, "MX": dnsmessage.TypeMX,
	"TXT": dnsmessage.TypeTXT, "AAAA": dnsmessage.TypeAAAA, "RRSIG": 46, "DNSKEY": 48, // RFC 4034
}

// dnsSize is enough of an answer: the verdict is in its header.
const dnsSize = 512

// probeDNS asks one question over UDP. Any answer to it without an error code
// is good, with records or without.
func probeDNS(ctx context.Context, k *conf.Checker) error {
	id := uint16(rand.Uint32())
	err := askDNS(ctx, k, id)
	if err != nil {
		return fmt.Errorf("%v: %s %s: %w", k.Connect, k.DNS.Type, k.DNS.Name, err)
	}
	return nil
}

func askDNS(ctx context.Context, k *conf.Checker, id uint16) error {
	query, err := dnsQuery(k.DNS, id)
	if err != nil {
		return err
	}
	c, err := dialUDP(ctx, k)
	if err != nil {
		return err
	}
	defer c.Close()
	return exchange(ctx, c, query, k.ConnectTimeout, dnsSize, func(reply []byte) (bool, error) { return judgeDNS(id, reply) })
}

// dnsQuery is a question with "recursion desired" (RFC 1035, 4.1).
func dnsQuery(o *conf.DNSOptions, id uint16) ([]byte, error) {
	name, err := dnsmessage.NewName(strings.TrimSuffix(o.Name, ".") + ".")
	if err != nil {
		return nil, err
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, RecursionDesired: true})
	if err := b.StartQuestions(); err != nil {
		return nil, err
	}
	if err := b.Question(dnsmessage.Question{Name: name, Type: dnsTypes[o.Type], Class: dnsmessage.ClassINET}); err != nil {
		return nil, err
	}
	return b.Finish()
}

// judgeDNS passes over what is no answer to the question with this id: it may
// be late, or forged, and the right one may follow.
func judgeDNS(id uint16, reply []byte) (done bool, err error) {
	var p dnsmessage.Parser
	h, err := p.Start(reply)
	if err != nil || h.ID != id || !h.Response {
		return false, nil
	}
	if h.RCode != dnsmessage.RCodeSuccess {
		return true, errors.New("the server answers " + rcodeName(h.RCode))
	}
	return true, nil
}

// rcodeName is the name of a response code as dig prints it (RFC 6895, 2.3).
func rcodeName(r dnsmessage.RCode) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("response code %d", r)
}
