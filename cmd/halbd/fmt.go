package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"halbd/conf/format"
)

// formatter is one run of halbd fmt.
type formatter struct {
	write, diff, list bool
	out               io.Writer
	differs           bool
}

// fmtCommand formats configuration files as gofmt formats Go.
func fmtCommand() *cobra.Command {
	var f formatter
	c := &cobra.Command{Use: "fmt [-w] [-d] [-l] [FILE...]",
		Short: "Write configuration files in canonical form; standard input without a file",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.out = cmd.OutOrStdout()
			if len(args) == 0 {
				return f.stdin(cmd.InOrStdin())
			}
			var failed error
			for _, name := range args {
				failed = errors.Join(failed, f.file(name))
			}
			if failed == nil && f.differs && (f.list || f.diff) {
				return errFound
			}
			return failed
		}}
	c.Flags().BoolVarP(&f.write, "write", "w", false, "write the result to the file")
	c.Flags().BoolVarP(&f.diff, "diff", "d", false, "print the differences; non-zero if there are any")
	c.Flags().BoolVarP(&f.list, "list", "l", false, "print the names of files that differ; non-zero if there are any")
	return c
}

func (f *formatter) stdin(in io.Reader) error {
	if f.write {
		return errors.New("standard input cannot be written to: name a file with -w")
	}
	src, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if err := f.process("<standard input>", src); err != nil {
		return err
	}
	if f.differs && (f.list || f.diff) {
		return errFound
	}
	return nil
}

func (f *formatter) file(name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return f.process(name, src)
}

// process does what the options ask for with one text.
func (f *formatter) process(name string, src []byte) error {
	text, err := format.Format(src)
	if err != nil {
		return fmt.Errorf("%s:%w", name, err)
	}
	if !f.write && !f.diff && !f.list {
		_, err = f.out.Write(text)
		return err
	}
	if bytes.Equal(text, src) {
		return nil
	}
	f.differs = true
	if f.list {
		fmt.Fprintln(f.out, name)
	}
	if f.diff {
		fmt.Fprintf(f.out, "--- %s\n+++ %s (formatted)\n%s", name, name, differences(lines(src), lines(text)))
	}
	if f.write {
		return replaceFile(name, text)
	}
	return nil
}

// replaceFile puts text in place of a file in one step, so that no reader and
// no crash sees half of it. What a symbolic link points to is replaced, not the link.
func replaceFile(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	st, err := os.Stat(name)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails after the rename
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(st.Mode().Perm()), keepOwner(tmp, st), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// keepOwner gives the new file the owner of the old one, where that is another.
func keepOwner(f *os.File, old os.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	was, is := owner(old), owner(now)
	if was == is {
		return nil
	}
	return f.Chown(int(was.uid), int(was.gid))
}

func lines(text []byte) []string { return strings.SplitAfter(string(text), "\n") }

// differences is a unified diff without its line numbers: formatting moves
// words within their neighbourhood, so each difference is what stands between
// two lines that are equal.
func differences(a, b []string) string {
	var out strings.Builder
	for len(a) > 0 || len(b) > 0 {
		if len(a) > 0 && len(b) > 0 && a[0] == b[0] {
			a, b = a[1:], b[1:]
			continue
		}
		i, j := nextCommon(a, b)
		for _, l := range a[:i] {
			writeDifference(&out, "-", l)
		}
		for _, l := range b[:j] {
			writeDifference(&out, "+", l)
		}
		a, b = a[i:], b[j:]
	}
	return out.String()
}

func writeDifference(out *strings.Builder, sign, line string) {
	if line != "" {
		fmt.Fprintf(out, "%s%s\n", sign, strings.TrimSuffix(line, "\n"))
	}
}

// nextCommon finds the nearest lines that are equal, blank ones not counting.
func nextCommon(a, b []string) (int, int) {
	const far = 200
	for sum := 1; sum <= 2*far; sum++ {
		for i := max(0, sum-len(b)); i <= min(sum, len(a)); i++ {
			if j := sum - i; i < len(a) && j < len(b) && a[i] == b[j] && strings.TrimSpace(a[i]) != "" {
				return i, j
			}
		}
	}
	return len(a), len(b)
}
