package conf

// sslSetters are those of the SSL block: the client's side of SSL_GET.
func sslSetters() blockSetters {
	file := func(field func(*TLSClient) *string) setter {
		return func(b *builder, kw *Keyword, s Statement) {
			dst := field(b.ssl)
			if *dst != "" {
				b.report(overwritten, s.PosOf(1), "SSL %s already specified - replacing", kw.Name).Class = ClassConfig
			}
			*dst = s.Words[1].Text
			if kw.Name != "password" {
				b.wantFile(s, "SSL "+kw.Name)
			}
		}
	}
	return blockSetters{
		"password":    file(func(t *TLSClient) *string { return &t.Password }),
		"ca":          file(func(t *TLSClient) *string { return &t.CA }),
		"certificate": file(func(t *TLSClient) *string { return &t.Certificate }),
		"key":         file(func(t *TLSClient) *string { return &t.Key }),
	}
}

// wantFile warns of a file that is not there for the daemon.
func (b *builder) wantFile(s Statement, what string) {
	if b.opt.Host == nil {
		return
	}
	if err := b.opt.Host.CanRead(s.Words[1].Text); err != nil {
		b.report(noFile, s.PosOf(1), "%s cannot be read: %v", what, err)
	}
}

// openSSL begins anew: a later block replaces what an earlier one said.
func openSSL(b *builder, _ *Keyword, s Statement) {
	if b.ssl != nil {
		b.report(overwritten, s.Pos, "SSL context already specified - replacing").Class = ClassConfig
	}
	b.ssl = &TLSClient{}
}
