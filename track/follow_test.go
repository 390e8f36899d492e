package track

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"halbd/conf"
)

// follower of a test: steps in the shell's words, and the value after each.
type step struct {
	do   func(dir string) error
	want int
}

func write(name, text string) func(string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
}

func swap(from, to string) func(string) error {
	return func(dir string) error { return os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)) }
}

func link(target, name string) func(string) error {
	return func(dir string) error {
		tmp := filepath.Join(dir, name+".tmp")
		if err := os.Symlink(target, tmp); err != nil {
			return err
		}
		return os.Rename(tmp, filepath.Join(dir, name))
	}
}

func mkdir(name string) func(string) error {
	return func(dir string) error { return os.MkdirAll(filepath.Join(dir, name), 0o700) }
}

func remove(name string) func(string) error {
	return func(dir string) error { return os.RemoveAll(filepath.Join(dir, name)) }
}

func all(list ...func(string) error) func(string) error {
	return func(dir string) error {
		for _, f := range list {
			if err := f(dir); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestFollow(t *testing.T) {
	for _, row := range []struct {
		name, path string
		before     func(string) error
		first      int
		steps      []step
	}{
		{"written, replaced, removed", "f", write("f", "1"), 1, []step{
			{write("f", "2"), 2}, {all(write("n", "3"), swap("n", "f")), 3}, {remove("f"), 0}, {write("f", "4"), 4}, {swap("f", "away"), 0}}},
		{"directory made later, removed, made again", "a/b/f", mkdir("."), 0, []step{
			{all(mkdir("a/b"), write("a/b/f", "1")), 1}, {write("a/b/f", "2"), 2}, {remove("a"), 0}, {all(mkdir("a/b"), write("a/b/f", "3")), 3},
			{swap("a", "c"), 0}, {swap("c", "a"), 3}}},
		{"a link's target", "f", all(mkdir("d"), write("d/t", "1"), link("d/t", "f")), 1, []step{
			{write("d/t", "2"), 2}, {all(write("d/n", "3"), swap("d/n", "d/t")), 3}, {all(write("d/u", "4"), link("d/u", "f")), 4}, {write("d/u", "5"), 5},
			{remove("d/u"), 0}, {write("d/u", "6"), 6}, {all(write("n", "7"), swap("n", "f")), 7}}},
		{"a tree that is swapped by a link", "f", all(mkdir("v1"), write("v1/f", "1"), link("v1", "data"), link("data/f", "f")), 1, []step{
			{all(mkdir("v2"), write("v2/f", "2"), link("v2", "data")), 2}, {write("v2/f", "3"), 3}, {remove("data"), 0}, {link("v1", "data"), 1}}},
		{"a link through the parent", "e/f", all(mkdir("d"), mkdir("e"), write("d/t", "1"), link("../d/t", "e/f")), 1, []step{{write("d/t", "2"), 2}}},
		{"a second name of a file", "f", all(mkdir("d"), write("d/t", "1")), 0, []step{
			{func(dir string) error { return os.Link(filepath.Join(dir, "d/t"), filepath.Join(dir, "f")) }, 1}}},
		{"a circle of links", "f", all(link("g", "f"), link("f", "g")), 0, []step{{all(write("n", "1"), swap("n", "g")), 1}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, row.before(dir))
			results := make(chan Result, 10)
			cfg := &conf.Config{TrackFiles: []conf.TrackFile{{Name: "f", Path: filepath.Join(dir, row.path)}}}
			tr := New(cfg, func(r Result) { results <- r }, quiet)
			defer tr.Close()
			if r := next(t, results); r.Value != row.first {
				t.Fatalf("at first %d, want %d", r.Value, row.first)
			}
			for i, s := range row.steps {
				must(t, s.do(dir))
				// What lies between two states of a step may be seen too; the last is the file's.
				for r := next(t, results); r.Value != s.want; r = next(t, results) {
					t.Logf("step %d: %d on the way", i, r.Value)
				}
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int{"": 0, "12\n": 12, " -3 rest": -3, "x1": 0, "+7": 7, "-": 0, "99999999999": 1<<31 - 1, "-99999999999": -1 << 31,
		"0x1F": 31, "-0x10": -16, "0x": 0, "0xg": 0, "010": 8, "08": 0, "007": 7, "--5": 0, "1e3": 1, "1_0": 1, "\r\n6": 6, "0": 0, "-0": 0,
		"2147483647": 1<<31 - 1, "-2147483648": -1 << 31, "2147483648": 1<<31 - 1} {
		if got := number(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestNumberReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32().Draw(t, "n")
		for _, text := range []string{strconv.Itoa(int(n)), " " + strconv.Itoa(int(n)) + "\n"} {
			if got := number(text); got != int(n) {
				t.Fatalf("%q: %d", text, got)
			}
		}
	})
}

func FuzzInotify(f *testing.F) {
	f.Add(make([]byte, 16))
	f.Add(append(make([]byte, 12), 16, 0, 0, 0, 'f'))
	f.Fuzz(func(t *testing.T, b []byte) {
		fl := &follower{fd: -1, dirs: map[string]watched{"/": {1, nameMask}}, names: map[int]map[string]bool{1: {"f": true}}}
		fl.concerns(b)
	})
}
