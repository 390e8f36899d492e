package engine

import (
	"testing"

	"golang.org/x/sys/unix"

	"halbd/conf"
	"halbd/netstate"
)

// What keepalived 2.2.7 asks the kernel for with the same settings, and what
// auth_hmac adds.
func TestReceiveBuffer(t *testing.T) {
	two := func(i *conf.Instance) { i.Addresses = append(i.Addresses, i.Addresses[0]) }
	sized := func(i *conf.Instance) { i.ReceiveBuffer = 50000 }
	six := func(i *conf.Instance) { i.Version, i.Family = 3, conf.IPv6 }
	signed := func(i *conf.Instance) { i.HMAC = &conf.AuthHMAC{} }
	for _, tc := range []struct {
		name      string
		buffers   conf.Buffers
		instances []conf.Instance
		want      int
	}{
		{"nothing asked for", conf.Buffers{RxMultiplier: 3}, []conf.Instance{router("A", 1)}, 0},
		{"kernel_rx_buf_size", conf.Buffers{RxMultiplier: 3}, []conf.Instance{router("A", 1, sized)}, 50000},
		{"kernel_rx_buf_size of one of two", conf.Buffers{RxMultiplier: 3}, []conf.Instance{router("A", 1, sized), router("B", 2)}, 50000},
		{"MTU", conf.Buffers{RxPolicy: conf.RxMTU, RxMultiplier: 3}, []conf.Instance{router("A", 1)}, 4500},
		{"MTU, multiplier 10", conf.Buffers{RxPolicy: conf.RxMTU, RxMultiplier: 10}, []conf.Instance{router("A", 1)}, 15000},
		{"ADVERT", conf.Buffers{RxPolicy: conf.RxAdvert, RxMultiplier: 3}, []conf.Instance{router("A", 1)}, 120},
		{"ADVERT of two instances", conf.Buffers{RxPolicy: conf.RxAdvert, RxMultiplier: 3}, []conf.Instance{router("A", 1), router("B", 2, two)}, 252},
		{"ADVERT, signed", conf.Buffers{RxPolicy: conf.RxAdvert, RxMultiplier: 1}, []conf.Instance{router("A", 1, signed)}, 68},
		{"a number", conf.Buffers{RxSize: 20000, RxMultiplier: 10}, []conf.Instance{router("A", 1)}, 20000},
		{"another family has another socket", conf.Buffers{RxSize: 20000}, []conf.Instance{router("A", 1), router("B", 1, six)}, 20000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &engine{cfg: &conf.Config{Instances: tc.instances}, mirror: netstate.NewMirror()}
			e.cfg.Global.Buffers = tc.buffers
			e.mirror.Apply(netstate.Update{Full: true, Changes: []netstate.Change{{Link: &netstate.Link{Index: 2, Name: "eth0", MTU: 1500}}}})
			if got := e.receiveBuffer(listenKey(&tc.instances[0])); got != tc.want {
				t.Errorf("%d bytes, want %d", got, tc.want)
			}
		})
	}
}

// A reload that takes the setting away gives the socket its first size back.
func TestResize(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	size := func() int {
		n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	s, first := &socket{fd: fd}, size()
	for _, step := range []struct{ ask, want int }{{20000, 40000}, {30000, 60000}, {0, first}} {
		if err := s.resize(step.ask); err != nil || size() != step.want {
			t.Errorf("asked for %d: the kernel keeps %d, want %d (%v)", step.ask, size(), step.want, err)
		}
	}
}
