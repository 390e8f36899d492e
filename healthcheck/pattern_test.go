package healthcheck

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"halbd/conf"
)

// webOf reads what one checker needs.
func webOf(t testing.TB, k *conf.Checker) *web {
	t.Helper()
	cfg := &conf.Config{VirtualServers: []conf.VirtualServer{{RealServers: []conf.RealServer{{Checkers: []conf.Checker{*k}}}}}}
	w, err := newWeb(cfg, new(web))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The pattern is looked for in the body alone, whatever pieces it comes in, and
// beside status and digest.
func TestHTTPRegex(t *testing.T) {
	const head = "HTTP/1.0 200 OK\r\n\r\n"
	for name, tc := range map[string]struct {
		regex  conf.Regex
		answer []string
		edit   func(*conf.URL)
		fails  string // "" for success
	}{
		"match":                       {conf.Regex{Pattern: "hel+o"}, []string{head + "say hello"}, nil, ""},
		"no match":                    {conf.Regex{Pattern: "hallo"}, []string{head + "say hello"}, nil, "does not match"},
		"in pieces":                   {conf.Regex{Pattern: "hello"}, []string{head, "say h", "e", "llo"}, nil, ""},
		"at the very end":             {conf.Regex{Pattern: "yo+u*$"}, []string{head + "hello yoooo"}, nil, ""},
		"the header is no part of it": {conf.Regex{Pattern: "OK|HTTP"}, []string{head + "hello"}, nil, "does not match"},
		"begins behind the header":    {conf.Regex{Pattern: "^say"}, []string{head + "say hello"}, nil, ""},
		"regex_no_match":              {conf.Regex{Pattern: "error", NoMatch: true}, []string{head + "all is well"}, nil, ""},
		"regex_no_match, found":       {conf.Regex{Pattern: "error", NoMatch: true}, []string{head + "an error"}, nil, "matches"},
		"caseless":                    {conf.Regex{Pattern: "HELLO", Options: []string{"caseless"}}, []string{head + "hello"}, nil, ""},
		"min offset":                  {conf.Regex{Pattern: "hello", MinOffset: 4}, []string{head + "say hello"}, nil, ""},
		"behind min offset":           {conf.Regex{Pattern: "hello", MinOffset: 5}, []string{head + "say hello"}, nil, "does not match"},
		"max offset":                  {conf.Regex{Pattern: "hello", MaxOffset: 4}, []string{head + "say hello"}, nil, ""},
		"before max offset":           {conf.Regex{Pattern: "hello", MaxOffset: 3}, []string{head + "say hello"}, nil, "does not match"},
		"look behind":                 {conf.Regex{Pattern: "(?<=say )hello"}, []string{head + "say ", "hello"}, nil, ""},
		"empty body":                  {conf.Regex{Pattern: "^$"}, []string{head}, nil, ""},
		"status first":                {conf.Regex{Pattern: "hello"}, []string{"HTTP/1.0 500 Bad\r\n\r\nhello"}, nil, "status code 500"},
		"digest too":                  {conf.Regex{Pattern: "hello"}, []string{head + "hello"}, func(u *conf.URL) { u.Digest = digestOf("other") }, "digest"},
		"chunked":                     {conf.Regex{Pattern: "hello"}, []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := answering(t, func(c net.Conn, _ string) {
				for _, part := range tc.answer {
					io.WriteString(c, part)
				}
			})
			k := httpCheck(conf.HTTPGet, at, func(h *conf.HTTPCheck) {
				u := &h.URLs[0]
				if u.Regex = &tc.regex; u.Regex.MaxOffset == 0 {
					u.Regex.MaxOffset = math.MaxUint64
				}
				if tc.edit != nil {
					tc.edit(u)
				}
			})
			r := probe(context.Background(), k, 0, webOf(t, k))
			if r.OK != (tc.fails == "") || !strings.Contains(r.Detail, tc.fails) {
				t.Errorf("got %+v, want %q", r, tc.fails)
			}
		})
	}
}

// A pattern that backtracks for ever on what a server sends fails the check in time.
func TestCatastrophicPattern(t *testing.T) {
	at := answering(t, func(c net.Conn, _ string) {
		io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\n"+strings.Repeat("a", 10000)+"b")
	})
	k := httpCheck(conf.HTTPGet, at, func(h *conf.HTTPCheck) {
		h.URLs[0].Regex = &conf.Regex{Pattern: `(?:(a+)+)+\1c$`, MaxOffset: math.MaxUint64}
	})
	w := webOf(t, k)
	if !w.slow(StartProbe{Check: k}) {
		t.Error("it is said to be fast")
	}
	start := time.Now()
	r := probe(context.Background(), k, 0, w)
	if r.OK || !strings.Contains(r.Detail, "too long") || time.Since(start) > 20*time.Second {
		t.Errorf("got %+v after %v", r, time.Since(start))
	}
}

// Programs are shared by equal patterns and outlive a reload.
func TestPatternsAreCompiledOnce(t *testing.T) {
	check := func(pattern string, options ...string) conf.Checker {
		return *httpCheck(conf.HTTPGet, freePort(t), func(h *conf.HTTPCheck) {
			h.URLs[0].Regex = &conf.Regex{Pattern: pattern, Options: options}
		})
	}
	cfg := &conf.Config{VirtualServers: []conf.VirtualServer{{RealServers: []conf.RealServer{{Checkers: []conf.Checker{check("a"), check("a"), check("a", "caseless"), check("(")}}}}}}
	first, err := compilePatterns(cfg, nil)
	if len(first) != 2 || err == nil || !strings.Contains(err.Error(), `"("`) {
		t.Errorf("%d programs, %v", len(first), err)
	}
	second, _ := compilePatterns(cfg, first)
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Error("a reload compiles again")
	}
}

// A body without end is hashed and searched as it comes; nothing of it is kept.
func TestHugeBody(t *testing.T) {
	k := httpCheck(conf.HTTPGet, freePort(t), func(h *conf.HTTPCheck) {
		h.URLs[0].Digest = digestOf("")
		h.URLs[0].Regex = &conf.Regex{Pattern: "needle$", MaxOffset: math.MaxUint64}
	})
	r := webOf(t, k).expect(&k.HTTP.URLs[0])
	r.feed([]byte("HTTP/1.0 200 OK\r\n\r\n"))
	piece := make([]byte, 1<<20)
	r.feed(piece) // the automaton learns its states
	n := testing.AllocsPerRun(60, func() { r.feed(piece) })
	if n > 5 || r.got < 60<<20 {
		t.Errorf("%v allocations for a megabyte, %d bytes in all", n, r.got)
	}
}
