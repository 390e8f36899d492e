package digest

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// WriteVerbose shows an answer as genhash -v does: header, body and sum.
func WriteVerbose(w io.Writer, q *Question, a *Answer, took time.Duration) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "-----------------------[    HTTP Header Buffer    ]-----------------------")
	dump(b, a.Head)
	fmt.Fprintf(b, "-----------------------[ HTTP Header Ascii Buffer ]-----------------------\n%s\n", a.Head)
	fmt.Fprintln(b, "-----------------------[        HTML Buffer        ]-----------------------")
	dump(b, a.Body)
	fmt.Fprintln(b, "\n-----------------------[    HTML hash resulting    ]-----------------------")
	dump(b, a.Sum[:])
	fmt.Fprintln(b, "-----------------------[ HTML hash final resulting ]-----------------------")
	fmt.Fprintf(b, "%s\n\nGlobal response time for [%s] = %d usecs\n", a.Hex(), q.Path, took.Microseconds())
	return b.Flush()
}

// dump writes 16 bytes a line: offset, in hex in two halves, as text.
func dump(w io.Writer, data []byte) {
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(at+16, len(data))]
		text := make([]byte, 16)
		fmt.Fprintf(w, "%04d  ", at)
		for i := range text {
			if i == 8 {
				fmt.Fprint(w, "- ")
			}
			if i >= len(row) {
				fmt.Fprint(w, "   ")
				text[i] = ' '
				continue
			}
			fmt.Fprintf(w, "%02x ", row[i])
			if text[i] = row[i]; text[i] < ' ' || text[i] > '~' {
				text[i] = '.'
			}
		}
		fmt.Fprintf(w, "  %s\n", text)
	}
}
