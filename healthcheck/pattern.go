package healthcheck

import (
	"errors"
	"fmt"
	"strings"

	"halbd/conf"
	"halbd/internal/pcre"
	"halbd/internal/pcre/match"
)

// patterns are the regex of all url blocks, compiled, by what they say.
type patterns map[string]*match.Program

func patternKey(r *conf.Regex) string {
	return r.Pattern + "\x00" + strings.Join(r.Options, " ")
}

// of gives the program of a regex; nil for none.
func (p patterns) of(r *conf.Regex) *match.Program {
	if r == nil {
		return nil
	}
	return p[patternKey(r)]
}

// compilePatterns compiles what before does not have yet. conf has complained
// of what cannot be read; an error tells of what else is left out.
func compilePatterns(cfg *conf.Config, before patterns) (patterns, error) {
	all := patterns{}
	var failed error
	for i := range cfg.VirtualServers {
		for _, rs := range cfg.VirtualServers[i].RealServers {
			for _, k := range rs.Checkers {
				if k.HTTP == nil {
					continue
				}
				for _, u := range k.HTTP.URLs {
					failed = errors.Join(failed, all.add(u.Regex, before))
				}
			}
		}
	}
	return all, failed
}

func (p patterns) add(r *conf.Regex, before patterns) error {
	if r == nil || p.of(r) != nil {
		return nil
	}
	program := before.of(r)
	if program == nil {
		o, err := pcre.ParseOptions(r.Options)
		if err != nil {
			return err
		}
		tree, err := pcre.Parse(r.Pattern, o)
		if err == nil {
			program, err = match.Compile(tree)
		}
		if err != nil {
			return fmt.Errorf("regex %q is left out: %w", r.Pattern, err)
		}
	}
	p[patternKey(r)] = program
	return nil
}
