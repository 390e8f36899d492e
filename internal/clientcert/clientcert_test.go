package clientcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"

	"halbd/conf"
)

// pair is a key and its certificate, in a directory with a file for each way
// to write the key.
func pair(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cert", "CERTIFICATE", cert, nil)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	write("pkcs8", "PRIVATE KEY", der, err)
	der, err = x509.MarshalECPrivateKey(key)
	write("sec1", "EC PRIVATE KEY", der, err)
	der, err = pkcs8.MarshalPrivateKey(key, []byte("secret"), nil)
	write("pbes2", "ENCRYPTED PRIVATE KEY", der, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err = x509.MarshalECPrivateKey(other)
	write("other", "EC PRIVATE KEY", der, err)
	os.WriteFile(filepath.Join(dir, "junk"), []byte("nothing\n"), 0o600)
	return dir
}

func TestLoad(t *testing.T) {
	dir := pair(t)
	for _, tc := range []struct {
		ca, cert, key, password string
		shown                   bool
		fails                   string
	}{
		{cert: "cert", key: "pkcs8", shown: true},
		{cert: "cert", key: "sec1", shown: true},
		{cert: "cert", key: "pbes2", password: "secret", shown: true},
		{ca: "cert", cert: "cert", key: "sec1", shown: true},
		{cert: "cert"}, // keepalived shows none either
		{key: "sec1"},
		{},
		{cert: "cert", key: "pbes2", password: "wrong", fails: "encrypted"},
		{cert: "cert", key: "pbes2", fails: "encrypted"},
		{cert: "cert", key: "other", fails: "is not the one of"},
		{cert: "cert", key: "junk", fails: "no private key"},
		{cert: "cert", key: "cert", fails: "no private key"},
		{cert: "junk", key: "sec1", fails: "no certificate"},
		{cert: "none", key: "sec1", fails: "no such file"},
		{ca: "junk", fails: "no certificate"},
		{ca: "none", fails: "no such file"},
	} {
		path := func(name string) string {
			if name == "" {
				return ""
			}
			return filepath.Join(dir, name)
		}
		c, err := Load(&conf.TLSClient{CA: path(tc.ca), Certificate: path(tc.cert), Key: path(tc.key), Password: tc.password})
		if (c != nil) != tc.shown || (err != nil) != (tc.fails != "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
			t.Errorf("%+v: got %v, %v", tc, c != nil, err)
		}
	}
}

// Keys as openssl writes them, encrypted in its two ways.
func TestKeysOfOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl")
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	for _, words := range []string{
		"genrsa -traditional -out " + plain + " 1024",
		"rsa -in " + plain + " -traditional -aes128 -passout pass:secret -out " + plain + ".dek",
		"rsa -in " + plain + " -traditional -des3 -passout pass:secret -out " + plain + ".des3",
		"rsa -in " + plain + " -aes256 -passout pass:secret -out " + plain + ".pbes2",
		"pkcs8 -topk8 -in " + plain + " -scrypt -passout pass:secret -out " + plain + ".scrypt",
	} {
		if out, err := exec.Command(openssl, strings.Fields(words)...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v: %s", words, err, out)
		}
	}
	for _, kind := range []string{"", ".dek", ".des3", ".pbes2", ".scrypt"} {
		if _, err := readKey(plain+kind, "secret"); err != nil {
			t.Errorf("key%s: %v", kind, err)
		}
	}
}
