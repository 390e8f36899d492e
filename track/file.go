package track

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"

	"halbd/conf"
)

// file follows the number in one track_file.
type file struct {
	conf   *conf.TrackFile
	report func(Result)
	log    *slog.Logger
	last   int
	known  bool
}

func (f *file) run(ctx context.Context) {
	if err := f.init(); err != nil {
		f.log.Error(fmt.Sprintf("track_file %s: init_file: %v", f.conf.Name, err))
	}
	if err := follow(ctx, f.conf.Path, f.read, f.read); err != nil {
		f.read()
		f.log.Error(fmt.Sprintf("track_file %s cannot be followed, its value stays: %v", f.conf.Name, err))
	}
}

// init creates the file, or overwrites it where that is asked for.
func (f *file) init() error {
	if !f.conf.InitFile {
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if f.conf.Overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	w, err := os.OpenFile(f.conf.Path, flags, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d\n", f.conf.InitValue)
	return errors.Join(err, w.Close())
}

// maxTracked is far more than any number needs; the rest of a large file is not read.
const maxTracked = 128

func (f *file) read() {
	v := 0
	if r, err := os.Open(f.conf.Path); err == nil {
		b := make([]byte, maxTracked)
		n, _ := r.Read(b)
		r.Close()
		v = number(string(b[:n]))
	}
	if f.known && v == f.last {
		return
	}
	f.known, f.last = true, v
	f.log.Info(fmt.Sprintf("track_file %s: %s holds %d", f.conf.Name, f.conf.Path, v))
	f.report(Result{Kind: File, Name: f.conf.Name, Known: true, Value: v})
}

// number is the integer that a text begins with; 0 when it does not.
func number(text string) int {
	text = strings.TrimLeft(text, " \t\r\n\v\f")
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[0] == '-' || text[0] == '+')) {
		end++
	}
	v, err := strconv.ParseInt(text[:end], 10, 32)
	if errors.Is(err, strconv.ErrRange) && text[0] == '-' {
		return math.MinInt32
	}
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt32
	}
	return int(v)
}
