package healthcheck

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// against is a line to a server that moves whole packets. The server ends with the test.
func against(t *testing.T, serve func(net.Conn)) net.Conn {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(server)
	}()
	t.Cleanup(func() {
		client.Close()
		server.Close()
		<-done
	})
	return client
}

// A server that says nothing ends the check at the limit, and so does one that
// sends packets which do not count: they must not prolong it.
func TestExchangeEnds(t *testing.T) {
	for name, pause := range map[string]time.Duration{"silent": 0, "chatty": 700 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := against(t, func(s net.Conn) {
					s.Read(make([]byte, 99))
					for pause > 0 {
						time.Sleep(pause)
						if _, err := s.Write([]byte("noise")); err != nil {
							return
						}
					}
				})
				begin := time.Now()
				err := exchange(t.Context(), c, []byte("ping"), 5*time.Second, 99, func([]byte) (bool, error) { return false, nil })
				if !errors.Is(err, errSilent) || time.Since(begin) != 5*time.Second {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
			})
		})
	}
}

// The right packet among others ends it at that moment.
func TestExchangeTakesTheRightOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := against(t, func(s net.Conn) {
			s.Read(make([]byte, 99))
			for _, p := range []string{"late", "forged", "right", "late"} {
				time.Sleep(time.Second)
				s.Write([]byte(p))
			}
		})
		begin := time.Now()
		err := exchange(t.Context(), c, []byte("ping"), 5*time.Second, 99, func(b []byte) (bool, error) { return string(b) == "right", nil })
		if err != nil || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// A check that is not wanted any more ends at once.
func TestExchangeIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := against(t, func(s net.Conn) { s.Read(make([]byte, 99)) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		err := exchange(ctx, c, []byte("ping"), 5*time.Second, 99, func([]byte) (bool, error) { return false, nil })
		if err == nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}
