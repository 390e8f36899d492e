package conf

// Keyword is one row of the language: the only place where a keyword, its
// arguments and its default are written down. Parser, validation, suggestions
// and the printed reference all come from it.
type Keyword struct {
	Block      string // "root", "vrrp_instance", "virtual_server/real_server", "any (lexer)", ".../item", ".../value"
	Name       string // as in keepalived's reference; "<ip>" and the like for positional items
	Args       string // argument grammar, e.g. "<uint>", "[<bool>]", "{ <address item> ... }"
	Unit       string
	Min, Max   string // "" when the value has no range
	Default    string
	Repeatable bool
	Status     string // "current", "deprecated", "deprecated alias of X"
	Doc        string
	Shape      Shape
	Acts       bool // false: parsed and checked, but halbd does not act on it yet; its use draws one warning
}
