package healthcheck

import (
	"fmt"

	"halbd/conf"
)

// alert is the line of keepalived's mail about a checker's new verdict; "" for
// a FILE_CHECK, of which no mail tells. failure is what the probe says of a
// failure, if it does.
func (k *checker) alert(failure string) string {
	if k.conf.Kind == conf.FileCheck {
		return ""
	}
	if k.up {
		return goodAlert(k.conf)
	}
	if failure != "" {
		return failure
	}
	return badAlert(k.conf)
}

func goodAlert(k *conf.Checker) string {
	switch k.Kind {
	case conf.TCPCheck:
		return "TCP CHECK succeed on service"
	case conf.UDPCheck:
		return "UDP CHECK succeed on service"
	case conf.PingCheck:
		return "ICMP CHECK succeed on service"
	case conf.DNSCheck:
		return "DNS_CHECK: succeed on service"
	case conf.MiscCheck:
		return "MISC CHECK succeeded on service"
	case conf.BFDCheck:
		return "BFD CHECK " + k.BFD.Name + " succeeded on service"
	}
	return "CHECK succeed on service"
}

func badAlert(k *conf.Checker) string {
	switch k.Kind {
	case conf.TCPCheck:
		return "TCP CHECK failed on service"
	case conf.UDPCheck:
		return "UDP CHECK failed on service"
	case conf.PingCheck:
		return "ICMP CHECK failed on service"
	case conf.DNSCheck:
		return "DNS_CHECK: failed on service"
	case conf.MiscCheck:
		return "MISC CHECK failed on service"
	case conf.BFDCheck:
		return "BFD CHECK " + k.BFD.Name + " failed on service"
	}
	return "CHECK failed on service : HTTP/SSL request failed"
}

// quorumAlert is the line of keepalived's mail about a virtual server that has
// the quorum or not, at a start or later. Its signs are the same when the
// quorum is lost.
func (s *service) quorumAlert(has, start bool, weight int64) string {
	q, h := s.conf.Quorum, s.conf.Hysteresis
	words, limit := "Gained quorum", q+h
	switch {
	case start && has:
		words = "Starting with quorum up"
	case start:
		words, limit = "Starting with quorum down", q-h
	case !has:
		words, limit = "Lost quorum", q-h
	}
	return fmt.Sprintf("%s %d+%d=%d <= %d", words, q, h, limit, weight)
}
