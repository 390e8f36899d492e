package conf

import (
	"net/url"
	"slices"
	"time"
)

// deliverySetters are halbd's own ways to tell of events, and their bounds.
func deliverySetters() blockSetters {
	return blockSetters{
		"notify_coalesce": setBool(func(b *builder) *bool { return &b.global.NotifyCoalesce }),
		"notify_timeout":  setDuration(func(b *builder) *time.Duration { return &b.global.NotifyTimeout }),
		"notify_webhook":  addWebhook,
		"smtp_tls":        setMailTLS,
		"smtp_auth": func(b *builder, kw *Keyword, s Statement) {
			if len(s.Words) < 3 {
				b.report(missingValue, s.Pos, "smtp_auth: password missing - ignoring")
				return
			}
			b.global.Mail.User, b.global.Mail.Password, b.global.mailAuthPos = s.Words[1].Text, s.Words[2].Text, s.Pos
		},
	}
}

// addWebhook takes an address with a scheme and a host. No message shows the
// address: its path or its user part is often the secret.
func addWebhook(b *builder, _ *Keyword, s Statement) {
	u, err := url.Parse(s.Words[1].Text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		b.report(badValue, s.PosOf(1), "notify_webhook: not an http or https address - ignoring").fix("write it as https://HOST/PATH")
		return
	}
	if slices.Contains(b.global.NotifyWebhooks, s.Words[1].Text) {
		b.report(alreadySet, s.Pos, "notify_webhook: the same address again - ignoring")
		return
	}
	b.global.NotifyWebhooks = append(b.global.NotifyWebhooks, s.Words[1].Text)
}

// WebhookName is a webhook's address without what may be secret of it.
func WebhookName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return hidden
	}
	return u.Scheme + "://" + u.Host
}

func setMailTLS(b *builder, _ *Keyword, s Statement) {
	switch v := MailTLS(s.Words[1].Text); v {
	case MailSTARTTLS, MailOverTLS:
		b.global.Mail.TLS = v
	default:
		b.report(badWord, s.PosOf(1), "smtp_tls: unknown word '%s' - ignoring", v).fix("write starttls or tls")
	}
}

// finishDelivery drops a password that would be sent in the clear.
func (b *builder) finishDelivery() {
	m := &b.global.Mail
	if m.User == "" || m.TLS != "" {
		return
	}
	b.report(badValue, b.global.mailAuthPos, "smtp_auth: without smtp_tls the password would be sent in the clear - ignoring").fix("add smtp_tls starttls")
	m.User, m.Password = "", ""
}
