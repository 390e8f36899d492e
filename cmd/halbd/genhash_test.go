package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// pages answers each path with bytes as they stand, and tells what was asked.
func pages(t *testing.T, answers map[string]string) (port string, asked chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	asked = make(chan string, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 4096)
			n, _ := c.Read(b)
			asked <- string(b[:n])
			if words := strings.Fields(string(b[:n])); len(words) > 1 {
				io.WriteString(c, answers[words[1]])
			}
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, asked
}

var answers = map[string]string{
	"/":      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n",
	"/close": "HTTP/1.0 200 OK\r\n\r\nhello\n",
	"/chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"/404":   "HTTP/1.1 404 Not Found\r\n\r\nnope",
	"/cut":   "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhello\n",
	"/empty": "HTTP/1.0 204 No Content\r\n\r\n",
	"/wide":  "HTTP/1.0 200 OK\r\n\r\n0123456789abcdef\x00\x7f\xff ",
}

var genhashCases = []struct {
	args, out string
	status    int
}{
	{"-u /", "b1946ac92492d2347c6235b4d2611184\n", 0},
	{"--url=/close", "b1946ac92492d2347c6235b4d2611184\n", 0},
	{"-u /chunk -P 1.1 -V www.example", "79e9489e3bd3f0cb0158215341de046d\n", 0},
	{"-u /404 -P 1.0c -t 3", "4101bef8794fed986e95dfb54850c68b\n", 0},
	{"-u /cut -m 0", "46356afe55fa3cea9cbe73ad442cad47\n", 0},
	{"-u /empty", "d41d8cd98f00b204e9800998ecf8427e\n", 0},
	{"-v -u /wide", "*", 0},
	{"-v -u /cut", "*", 0},
	{"-h", "", 1},
	{"", "", 1},
	{"-u / -P 2", "", 1},
	{"-u / -p 0", "", 1},
	{"-u / -s localhost", "", 1},
	{"-u / word", "", 1},
	{"-z", "", 1},
}

func TestGenhash(t *testing.T) {
	port, _ := pages(t, answers)
	for _, tc := range genhashCases {
		args := append([]string{"-s", "127.0.0.1", "-p", port}, strings.Fields(tc.args)...)
		var out, complaints bytes.Buffer
		status := genhash(args, &out, &complaints)
		if status != tc.status || tc.out != "*" && out.String() != tc.out {
			t.Errorf("%s: status %d, %q, %s", tc.args, status, out.String(), complaints.String())
		}
		if (status != 0) != strings.Contains(complaints.String(), "Usage: genhash") {
			t.Errorf("%s: standard error has %q", tc.args, complaints.String())
		}
	}
	if status := genhash([]string{"-s", "127.0.0.1", "-p", "1", "-u", "/"}, io.Discard, io.Discard); status != 1 {
		t.Error("a refused connection is a success")
	}
}

// The same words and bytes as keepalived's genhash, where it is installed.
func TestGenhashBesideKeepalived(t *testing.T) {
	theirs, err := exec.LookPath("genhash")
	if err != nil {
		t.Skip("no genhash")
	}
	port, asked := pages(t, answers)
	took := regexp.MustCompile(`= \d+ usecs`)
	for _, tc := range genhashCases {
		args := append([]string{"-s", "127.0.0.1", "-p", port}, strings.Fields(tc.args)...)
		want, err := exec.Command(theirs, args...).Output()
		wantStatus := 0
		if err != nil {
			wantStatus = 1
		}
		var out bytes.Buffer
		status := genhash(args, &out, io.Discard)
		if status != wantStatus || took.ReplaceAllString(out.String(), "") != took.ReplaceAllString(string(want), "") {
			t.Errorf("%s: status %d and\n%swant %d and\n%s", tc.args, status, out.String(), wantStatus, want)
		}
		if status == 0 {
			if a, b := <-asked, <-asked; a != b {
				t.Errorf("%s: asked %q, want %q", tc.args, b, a)
			}
		}
	}
}

func TestActsAsGenhash(t *testing.T) {
	for argv, want := range map[string]string{
		"/usr/bin/genhash -h": "[-h]",
		"halbd -T -s x":       "[-s x]",
		"halbd --genhash -s":  "[-s]",
		"halbd -n -T":         "",
		"halbd":               "",
	} {
		got := ""
		if args, yes := actsAsGenhash(strings.Fields(argv)); yes {
			got = fmt.Sprint(args)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", argv, got, want)
		}
	}
}

// The block that halbd digest prints expects what the page has.
func TestDigestCommand(t *testing.T) {
	port, asked := pages(t, answers)
	c := digestCommand()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetArgs([]string{"http://127.0.0.1:" + port + "/404", "--virtualhost", "www.example", "--http-protocol", "1.1"})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `4101bef8794fed986e95dfb54850c68b

HTTP_GET {
    http_protocol 1.1
    url {
        path /404
        virtualhost www.example
        status_code 404
        digest 4101bef8794fed986e95dfb54850c68b
    }
}
`
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
	if got := <-asked; !strings.Contains(got, "HTTP/1.1\r\n") || !strings.Contains(got, "Host: www.example\r\n") {
		t.Errorf("asked %q", got)
	}
	for _, bad := range []string{"ftp://x/", "http://127.0.0.1:0/", "127.0.0.1", "http://127.0.0.1:1/"} {
		c := digestCommand()
		c.SetArgs([]string{bad})
		c.SilenceErrors, c.SilenceUsage = true, true
		if c.ExecuteContext(t.Context()) == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
