// Package clientcert reads what an SSL block names: the certificate that
// SSL_GET shows to servers that ask for one.
package clientcert

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/youmark/pkcs8"

	"halbd/conf"
)

// Load reads the files of an SSL block; nil stands for no block. The result is
// nil when there is nothing to show; an error names the file. As with
// keepalived, the CA must be readable and is not used, because servers are not
// judged by their certificates; a certificate and a key count together only.
func Load(c *conf.TLSClient) (*tls.Certificate, error) {
	if c == nil {
		return nil, nil
	}
	if err := checkCA(c.CA); err != nil {
		return nil, err
	}
	var chain [][]byte
	var key crypto.Signer
	var err error
	if c.Certificate != "" {
		if chain, err = readChain(c.Certificate); err != nil {
			return nil, err
		}
	}
	if c.Key != "" {
		if key, err = readKey(c.Key, c.Password); err != nil {
			return nil, err
		}
	}
	if chain == nil || key == nil {
		return nil, nil
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", c.Certificate, err)
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("key %s is not the one of certificate %s", c.Key, c.Certificate)
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: leaf}, nil
}

func checkCA(path string) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return fmt.Errorf("ca: %s has no certificate", path)
	}
	return nil
}

// readChain reads a certificate and those that vouch for it.
func readChain(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	var chain [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
	if chain == nil {
		return nil, fmt.Errorf("certificate: %s has no certificate", path)
	}
	return chain, nil
}

// readKey reads the first private key of a PEM file: PKCS #8, PKCS #1 or SEC 1,
// encrypted by PBES2 (RFC 8018) or in the old way of OpenSSL (DEK-Info).
func readKey(path, password string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			key, err := parseKey(block, []byte(password))
			if err != nil {
				return nil, fmt.Errorf("key %s: %w", path, err)
			}
			signer, ok := key.(crypto.Signer)
			if !ok {
				return nil, fmt.Errorf("key %s: %T cannot sign", path, key)
			}
			return signer, nil
		}
	}
	return nil, fmt.Errorf("key: %s has no private key", path)
}

var errPassword = errors.New("it is encrypted and `password` does not open it")

func parseKey(block *pem.Block, password []byte) (any, error) {
	der := block.Bytes
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		key, _, err := pkcs8.ParsePrivateKey(der, password)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", errPassword, err)
		}
		return key, nil
	}
	//lint:ignore SA1019 the format is weak, and in use
	if x509.IsEncryptedPEMBlock(block) {
		var err error
		//lint:ignore SA1019 as above
		if der, err = x509.DecryptPEMBlock(block, password); err != nil {
			return nil, fmt.Errorf("%w (%w)", errPassword, err)
		}
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(der)
	}
	return x509.ParsePKCS8PrivateKey(der)
}
