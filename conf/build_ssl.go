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
			switch kw.Name {
			case "ca":
				b.tryTLSClient(&TLSClient{CA: *dst}, s.PosOf(1))
			case "certificate":
				b.tryTLSClient(&TLSClient{Certificate: *dst}, s.PosOf(1))
			case "key":
				b.keyPos = s.PosOf(1)
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

// tryTLSClient warns of what cannot be used on this host.
func (b *builder) tryTLSClient(t *TLSClient, at Pos) (ok bool) {
	if b.opt.Host == nil {
		return true
	}
	if err := b.opt.Host.CheckTLSClient(t); err != nil {
		b.report(noFile, at, "SSL %v", err)
		return false
	}
	return true
}

// finishSSL tries key and password, once both are known: together with the
// certificate if that is usable, otherwise alone.
func (b *builder) finishSSL() {
	if b.ssl != nil && b.ssl.Key != "" {
		alone := TLSClient{Key: b.ssl.Key, Password: b.ssl.Password}
		if b.tryTLSClient(&alone, b.keyPos) && b.opt.Host != nil && b.opt.Host.CheckTLSClient(&TLSClient{Certificate: b.ssl.Certificate}) == nil {
			alone.Certificate = b.ssl.Certificate
			b.tryTLSClient(&alone, b.keyPos)
		}
	}
	b.cfg.SSL = b.ssl
}

// openSSL begins anew: a later block replaces what an earlier one said.
func openSSL(b *builder, _ *Keyword, s Statement) {
	if b.ssl != nil {
		b.report(overwritten, s.Pos, "SSL context already specified - replacing").Class = ClassConfig
	}
	b.ssl = &TLSClient{}
}
