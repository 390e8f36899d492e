package healthcheck

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// mailServer says each of its texts after one more line from the client, the
// first at once. "-" hangs up; pause comes before every byte.
func mailServer(c net.Conn, pause time.Duration, texts ...string) {
	defer c.Close()
	r := bufio.NewReader(c)
	for i, text := range texts {
		if i > 0 {
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
		switch {
		case text == "-":
			return
		case pause == 0:
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		default:
			for _, b := range []byte(text) {
				time.Sleep(pause)
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
			}
		}
	}
	io.Copy(io.Discard, r) // silent from now on
}

// Each way in which a mail server answers or fails has its verdict, its words
// and its exact time.
func TestSMTPDialogue(t *testing.T) {
	const idle = 5 * time.Second
	for _, c := range []struct {
		name  string
		pause time.Duration
		texts []string
		want  string // "": good
		took  time.Duration
	}{
		{name: "good", texts: []string{"220 mx ESMTP\r\n", "250 hello\r\n", "221 bye\r\n"}},
		{name: "bare line feeds", texts: []string{"220 mx\n", "250 ok\n", "221\n"}},
		{name: "codes alone", texts: []string{"220\r\n", "250\r\n", "221\r\n"}},
		{name: "several lines", texts: []string{"220-mx\r\n220-more\r\n220 end\r\n", "250-mx\r\n250\r\n", "221-bye\r\n"}},
		{name: "QUIT is not understood", texts: []string{"220 mx\r\n", "250 ok\r\n", "502 what\r\n"}},
		{name: "another service", texts: []string{"SSH-2.0-x\r\n"}, want: `greeting: "SSH-2.0-x", not 220`},
		{name: "refuses service", texts: []string{"554 no service\r\n"}, want: `greeting: "554 no service", not 220`},
		{name: "code runs on", texts: []string{"2200 mx\r\n"}, want: `greeting: "2200 mx", not 220`},
		{name: "codes of one reply differ", texts: []string{"220-mx\r\n250 end\r\n"}, want: `greeting: "250 end", not 220`},
		{name: "refuses HELO", texts: []string{"220 mx\r\n", "550 who are you\r\n"}, want: `answer to HELO: "550 who are you", not 250`},
		{name: "talks unasked", texts: []string{"220 mx\r\n250 ok\r\n"}, want: `greeting: the server goes on without being asked: "250 ok\r\n"`},
		{name: "hangs up at once", texts: []string{"-"}, want: "greeting: the server closed the connection"},
		{name: "hangs up within the greeting", texts: []string{"220 m", "-"}, want: "greeting: no answer within 5s", took: idle},
		{name: "hangs up after HELO", texts: []string{"220 mx\r\n", "-"}, want: "answer to HELO: the server closed the connection"},
		{name: "hangs up after QUIT", texts: []string{"220 mx\r\n", "250 ok\r\n", "-"}, want: "answer to QUIT: the server closed the connection"},
		{name: "silent", want: "greeting: no answer within 5s", took: idle},
		{name: "silent after HELO", texts: []string{"220 mx\r\n"}, want: "answer to HELO: no answer within 5s", took: idle},
		{name: "silent after QUIT", texts: []string{"220 mx\r\n", "250 ok\r\n"}, want: "answer to QUIT: no answer within 5s", took: idle},
		{name: "endless line", texts: []string{strings.Repeat("x", 9999)}, want: "greeting: a line of more than 512 bytes"},
		{name: "endless reply", texts: []string{strings.Repeat("220-x\r\n", 9999)}, want: "greeting: longer than 16384 bytes"},
		{name: "drips", pause: time.Second, texts: []string{"220 a greeting that takes its time\r\n"}, want: "greeting: the check is not complete within 20s", took: 4 * idle},
		{name: "drips just fast enough", pause: time.Second, texts: []string{"220\r\n", "250\r\n", "221\r\n"}, took: 15 * time.Second},
		{name: "slower than the limit", pause: 6 * time.Second, texts: []string{"220\r\n"}, want: "greeting: no answer within 5s", took: idle},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := against(t, func(server net.Conn) { mailServer(server, c.pause, c.texts...) })
				ctx, cancel := context.WithTimeout(t.Context(), smtpStages*idle)
				defer cancel()
				begin := time.Now()
				got := ""
				if err := talkSMTP(ctx, client, "me", idle); err != nil {
					got = err.Error()
				}
				if took := time.Since(begin); got != c.want || took != c.took {
					t.Errorf("%q after %v, want %q after %v", got, took, c.want, c.took)
				}
			})
		})
	}
}

// The dialogue has keepalived's bytes.
func TestSMTPWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		client := against(t, func(server net.Conn) {
			r := bufio.NewReader(server)
			for _, text := range []string{"220 a\r\n", "250 b\r\n", "221 c\r\n"} {
				io.WriteString(server, text)
				line, _ := r.ReadString('\n')
				lines = append(lines, line)
			}
		})
		if err := talkSMTP(t.Context(), client, "smtpchecker.keepalived.org", time.Second); err != nil {
			t.Fatal(err)
		}
		client.Close()
		synctest.Wait()
		if want := []string{"HELO smtpchecker.keepalived.org\r\n", "QUIT\r\n", ""}; !slices.Equal(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
	})
}

// feedAll gives a reply in pieces and returns the verdict.
func feedAll(want int, pieces ...string) (bool, error) {
	r := smtpReply{want: want}
	for _, p := range pieces {
		if done, err := r.feed([]byte(p)); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// A reply means the same in whatever pieces it arrives.
func TestSMTPReplyInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"220-a\r\n", "220-\n"}), 0, 5).Draw(t, "lines"), "") +
			rapid.SampledFrom([]string{"220 end\r\n", "220\n", "250 end\r\n", "22", strings.Repeat("z", 600)}).Draw(t, "end")
		whole, werr := feedAll(220, text)
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		parts, perr := feedAll(220, text[:cut], text[cut:])
		if whole != parts || (werr == nil) != (perr == nil) {
			t.Fatalf("%v %v whole, %v %v in pieces", whole, werr, parts, perr)
		}
	})
}

// No bytes of a server make the reader keep more than a line, or panic; a good
// reply begins with its code.
func FuzzSMTPReply(f *testing.F) {
	for _, s := range []string{"220 x\r\n", "220-a\r\n220 b\r\n", "220\n", "220", "\n", "\r\n", "220-\r\n\xff", strings.Repeat("220-\n", 4000)} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = max(0, min(cut, len(b)))
		r := smtpReply{want: 220}
		done, err := r.feed(b[:cut])
		if !done && err == nil {
			done, err = r.feed(b[cut:])
		}
		if len(r.line) > maxSMTPLine {
			t.Errorf("keeps %d bytes", len(r.line))
		}
		if done && err == nil && !strings.HasPrefix(string(b), "220") {
			t.Errorf("%q is good", b)
		}
	})
}
