// Package howto reads the configurations and commands of a page in docs, so
// that tests run what the page says.
package howto

import (
	"fmt"
	"os"
	"strings"
)

// Section is a part of a page under a heading of the second level.
type Section struct {
	Title  string            // "" before the first heading
	Blocks map[string]string // fenced text by what stands behind the fence: "keepalived", "sh server"
}

// Read reads a page. Two blocks of one kind in a section follow each other.
func Read(path string) ([]Section, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := []Section{{Blocks: map[string]string{}}}
	kind, inside := "", false
	for l := range strings.Lines(string(text)) {
		s := &list[len(list)-1]
		fence, fenced := strings.CutPrefix(l, "```")
		title, headed := strings.CutPrefix(l, "## ")
		switch {
		case fenced:
			kind, inside = strings.TrimSpace(fence), !inside
		case inside:
			s.Blocks[kind] += l
		case headed:
			list = append(list, Section{strings.TrimSpace(title), map[string]string{}})
		}
	}
	if inside {
		return nil, fmt.Errorf("%s: a block does not end", path)
	}
	return list, nil
}
