package conf

import (
	"fmt"
	"io"
)

// Copy is the text of a configuration in the order in which it was read: a
// file that is included stands in place of the line that includes it
// (config_save_dir). It shares its memory with the configuration.
type Copy struct{ parts []copied }

type copied struct{ file, text string }

// take keeps what was read of a file up to a place and is not kept yet. A nil
// Copy keeps nothing.
func (c *Copy) take(s *source, end int) {
	if c == nil || end <= s.kept {
		return
	}
	c.parts = append(c.parts, copied{s.name, s.text[s.kept:end]})
	s.kept = end
}

// WriteTo writes the text; a comment names the file that each part is from.
func (c *Copy) WriteTo(w io.Writer) (n int64, err error) {
	for _, p := range c.parts {
		m, err := fmt.Fprintf(w, "# %s\n%s\n", p.file, p.text)
		if n += int64(m); err != nil {
			return n, err
		}
	}
	return n, nil
}
