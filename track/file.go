package track

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

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
	complain := func(text string) { f.log.Warn(fmt.Sprintf("track_file %s: %s", f.conf.Name, text)) }
	if err := Follow(ctx, f.conf.Path, f.read, complain); err != nil {
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
	return errors.Join(err, w.Chmod(0o600), w.Close())
}

// maxTracked is far more than any number needs; the rest of a large file is not read.
const maxTracked = 128

// value reads the number in a file; it is 0 where there is none.
func value(path string) int {
	r, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a FIFO must not hold us up
	if err != nil {
		return 0
	}
	defer r.Close()
	b := make([]byte, maxTracked)
	n, _ := r.Read(b)
	return number(string(b[:n]))
}

// First reads files that are about to be followed, each as it will be once its
// init_file has been obeyed. What takes longer than the limit is left out.
func First(files []conf.TrackFile, limit time.Duration) (list []Result) {
	read := make(chan Result, len(files))
	for _, f := range files {
		go func() {
			_, err := os.Stat(f.Path)
			v := f.InitValue
			if !f.InitFile || err == nil && !f.Overwrite {
				v = value(f.Path)
			}
			read <- Result{Kind: File, Name: f.Name, Known: true, Value: v}
		}()
	}
	over := time.After(limit)
	for range files {
		select {
		case r := <-read:
			list = append(list, r)
		case <-over:
			return list
		}
	}
	return list
}

func (f *file) read() {
	v := value(f.conf.Path)
	if f.known && v == f.last {
		return
	}
	f.known, f.last = true, v
	f.log.Info(fmt.Sprintf("track_file %s: %s holds %d", f.conf.Name, f.conf.Path, v))
	f.report(Result{Kind: File, Name: f.conf.Name, Known: true, Value: v})
}

// number is the integer that a text begins with, as C writes it (12, 0x1f,
// 017), 0 when it does not. Beyond 32 bits it is the nearest that fits.
func number(text string) int {
	text = strings.TrimLeft(text, " \t\r\n\v\f")
	sign := int64(1)
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	base := int64(10)
	switch {
	case len(text) > 2 && (text[:2] == "0x" || text[:2] == "0X"):
		base, text = 16, text[2:]
	case strings.HasPrefix(text, "0"):
		base = 8
	}
	n := int64(0)
	for _, c := range []byte(text) {
		d := digit(c)
		if d >= base {
			break
		}
		n = min(n*base+d, math.MaxInt32+1)
	}
	return int(min(max(sign*n, math.MinInt32), math.MaxInt32))
}

// digit is the value of a digit; of anything else it is more than any digit's.
func digit(c byte) int64 {
	switch {
	case c >= '0' && c <= '9':
		return int64(c - '0')
	case c >= 'a' && c <= 'f':
		return int64(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int64(c-'A') + 10
	}
	return math.MaxInt8
}
