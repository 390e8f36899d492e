package show

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"halbd/conf"
)

// word writes a keyword with a value, unless that is empty.
func (p *printer) word(keyword, value string) {
	if value != "" {
		p.line(keyword, quote(value))
	}
}

// flag writes a keyword without a value.
func (p *printer) flag(keyword string, set bool) {
	if set {
		p.line(keyword)
	}
}

// command writes a script with the account that it runs under.
func (p *printer) command(keyword string, c *conf.Command) {
	if c != nil {
		p.line(keyword, scriptLine(c.Args), number(c.UID), number(c.GID))
	}
}

// scriptLine makes the words of a script one word of the language.
func scriptLine(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = escape(a)
		if a == "" {
			words[i] = "''"
		}
	}
	return `"` + strings.Join(words, " ") + `"`
}

// escape writes what is not plain text as \xHH, for words that take escapes.
func escape(s string) string {
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c == 0x7f || strings.IndexByte("\\\"'#!{}$", c) >= 0 {
			fmt.Fprintf(&out, `\x%02x`, c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// seconds writes a time with up to six decimals.
func seconds(d time.Duration) string {
	if d == math.MaxInt64 { // stands for everything above 292 years
		return "18446744073709.551614"
	}
	s := strconv.FormatInt(int64(d/time.Second), 10)
	if frac := int64(d % time.Second / time.Microsecond); frac != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%06d", frac), "0")
	}
	return s
}
