package lab

import (
	"errors"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	looks := 0
	if err := Wait(10*time.Second, func() bool { looks++; return looks == 3 }); err != nil || looks != 3 {
		t.Errorf("%v after %d looks", err, looks)
	}
	if err := Wait(20*time.Millisecond, func() bool { return false }); !errors.Is(err, ErrTimeout) {
		t.Errorf("what never happens gives %v", err)
	}
}

func TestDecode(t *testing.T) {
	ethernet := make([]byte, 12)
	garp := append(append([]byte{}, ethernet...), 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 9, 255, 255, 255, 255, 255, 255, 10, 0, 0, 9)
	if f, ok := decode(garp); !ok || !f.GARP || f.Src.String() != "10.0.0.9" {
		t.Errorf("gratuitous ARP: %+v, %v", f, ok)
	}
	garp[len(garp)-1] = 8 // asks for another's address
	if _, ok := decode(garp); ok {
		t.Error("an ordinary ARP request counts as gratuitous")
	}
	advert := append(append([]byte{}, ethernet...), 0x08, 0x00, 0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112, 0, 0, 10, 0, 0, 1, 224, 0, 0, 18,
		0x21, 51, 150, 1, 0, 1, 0x3e, 0x66, 10, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0)
	if f, ok := decode(append(advert, 0, 0, 0, 0, 0, 0)); !ok || f.Advert.VRID != 51 || f.Src.String() != "10.0.0.1" {
		t.Errorf("padded advert: %+v, %v", f, ok)
	}
	for n := range advert {
		decode(advert[:n]) // a cut frame is no reason to crash
	}
}

func TestQuote(t *testing.T) {
	if got := quote("it's"); got != `'it'\''s'` {
		t.Error(got)
	}
}
