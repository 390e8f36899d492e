package healthcheck

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"

	"halbd/conf"
)

// startTLS talks any version to any certificate, as keepalived does: the check
// asks whether the service answers, not who it is.
func startTLS(ctx context.Context, c net.Conn, k *conf.Checker, u *conf.URL, own *tls.Certificate) (*tls.Conn, error) {
	cfg := &tls.Config{
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS10,
		ServerName:         serverNameIndication(k, u),
		// Without the hybrid post-quantum groups, whose long ClientHello is for secrets; a check has none.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
		}
	}
	if own != nil {
		// Not Certificates: those are shown only to servers that name their issuer.
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	}
	t := tls.Client(c, cfg)
	ctx, cancel := context.WithTimeout(ctx, k.ConnectTimeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", plain(err, k.ConnectTimeout))
	}
	return t, nil
}

// serverNameIndication is empty, so that none is sent, without enable_sni.
func serverNameIndication(k *conf.Checker, u *conf.URL) string {
	switch {
	case !k.HTTP.EnableSNI:
		return ""
	case k.HTTP.SNI != "":
		return k.HTTP.SNI
	}
	return u.VirtualHost
}

// farewell ends TLS in the order that tls_compliant asks for: our
// close_notify, then the server's, for which one idle limit is left. Without
// the option the connection is closed as it is. It has no part in the verdict.
func farewell(t *tls.Conn, u *conf.URL, idle time.Duration) {
	if !u.TLSCompliant {
		return
	}
	t.SetDeadline(time.Now().Add(idle))
	if t.CloseWrite() == nil {
		io.Copy(io.Discard, t)
	}
}
