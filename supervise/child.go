package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"halbd/bfd"
	"halbd/conf"
	"halbd/event"
	"halbd/healthcheck"
	"halbd/internal/compact"
	"halbd/internal/ipc"
	"halbd/internal/poll"
	"halbd/vrrp"
	"halbd/vrrp/engine"
)

// childArg is the first argument of a child process, its role the second.
const childArg = "--child-of-halbd"

// childFD is where a child finds the parent's socket.
const childFD = 3

// statusFatal is the exit status of a child that sent msgFatal.
const statusFatal = 3

// RunChild runs a child process if args are a child's, and returns its exit
// status; false means that this is no child.
func RunChild(args []string) (status int, isChild bool) {
	if len(args) != 2 || args[0] != childArg {
		return 0, false
	}
	conn, err := ipc.Open(childFD)
	if err != nil {
		fmt.Fprintln(os.Stderr, "halbd:", err)
		return 1, true
	}
	startEagerly()
	c := &child{role: role(args[1]), conn: conn}
	defer conn.Close()
	return c.run(), true
}

// child is a child process's side of the socketpair.
type child struct {
	role  role
	conn  *ipc.Conn
	log   *slog.Logger
	setup setup
}

// The engines publish through these; they never block.
func (c *child) Publish(ev event.Event) { c.conn.Post(msgEvent, ev) }
func (c *child) Ready() {
	c.conn.Send(msgReady, nil)
	go func() {
		runSparingly(garbageOf(c.role))
		if c.role == roleChecker {
			forgetStart()
		}
	}()
}

func (c *child) run() int {
	cfg, err := c.begin()
	if err != nil {
		return c.fail(1, err)
	}
	pid, err := lockPIDFile(c.setup.PIDFile)
	if err != nil {
		return c.fail(1, err)
	}
	defer pid.remove()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.watchSignals(ctx, cancel)
	err = c.engine(ctx, cancel, cfg)
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		c.conn.Flush()
		return 0
	case errors.Is(err, healthcheck.ErrNoIPVS), errors.Is(err, healthcheck.ErrNoNamespace):
		return c.fail(1, err)
	}
	c.log.Error(err.Error())
	c.conn.Flush()
	return 1
}

// fail tells the parent that starting this child again is pointless.
func (c *child) fail(status int, err error) int {
	c.conn.Send(msgFatal, fatal{Status: status, Text: err.Error()})
	c.conn.Flush()
	return statusFatal
}

// begin reads the first two messages: setup and configuration.
func (c *child) begin() (*conf.Config, error) {
	raw, err := c.expect(msgSetup)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &c.setup); err != nil {
		return nil, fmt.Errorf("setup from the parent: %w", err)
	}
	c.log = slog.New(&textHandler{level: level(c.setup.LogDetail), emit: func(l logLine) {
		if n := c.conn.Dropped(); n > 0 {
			c.conn.Offer(msgLog, logLine{At: l.At, Level: slog.LevelWarn, Text: fmt.Sprintf("%d log lines were lost", n)})
		}
		c.conn.Offer(msgLog, l)
	}})
	if raw, err = c.expect(msgConfig); err != nil {
		return nil, err
	}
	cfg, err := decodeConfig(raw)
	if err != nil {
		return nil, err
	}
	c.name(cfg)
	return cfg, nil
}

// name takes the name that a configuration gives to this process.
func (c *child) name(cfg *conf.Config) {
	if err := nameProcess(processName(c.role, &cfg.Global)); err != nil {
		c.log.Warn(err.Error())
	}
}

func (c *child) expect(kind ipc.Kind) ([]byte, error) {
	k, raw, err := c.conn.Receive()
	if err != nil {
		return nil, fmt.Errorf("no message from the parent: %w", err)
	}
	if k != kind {
		return nil, fmt.Errorf("message %d from the parent, not %d", k, kind)
	}
	return raw, nil
}

// decodeConfig reads what encodeFor has made.
func decodeConfig(raw []byte) (*conf.Config, error) {
	cfg := new(conf.Config)
	if err := compact.Read(raw, cfg); err != nil {
		return nil, fmt.Errorf("configuration from the parent: %w", err)
	}
	return cfg, nil
}

func (c *child) decode(kind ipc.Kind, raw json.RawMessage) (any, error) {
	switch kind {
	case msgAlive:
		return poll.Ping{Answer: func() { c.conn.Send(msgAlive, nil) }}, nil
	case msgStatus:
		switch c.role {
		case roleVRRP:
			return decodeAs[engine.StatusRequest](raw)
		case roleChecker:
			return healthcheck.StatusRequest{}, nil
		}
		return bfd.StatusRequest{}, nil
	case msgConfig:
		return decodeConfig(raw)
	case msgTracker:
		return decodeAs[vrrp.TrackerResult](raw)
	case msgChained:
		return decodeAs[engine.ChainsDone](raw)
	case msgOrder:
		if c.role == roleVRRP {
			return decodeAs[vrrp.Order](raw)
		}
		return decodeAs[healthcheck.Order](raw)
	case msgRole:
		return decodeAs[healthcheck.Role](raw)
	case msgFact:
		return decodeAs[healthcheck.Fact](raw)
	}
	return nil, fmt.Errorf("unknown message %d", kind)
}

func decodeAs[T any](raw json.RawMessage) (any, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}

// watchSignals stops this child on TERM and INT. A signal for a dump file is
// passed on: it is the parent that writes them.
func (c *child) watchSignals(ctx context.Context, cancel func()) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	signal.Ignore(unix.SIGPIPE, unix.SIGHUP, unix.SIGUSR2, jsonSignal, statsClearSignal)
	signal.Notify(stop, unix.SIGUSR1)
	if c.role == roleVRRP {
		signal.Notify(stop, unix.SIGUSR2, jsonSignal, statsClearSignal)
	}
	go func() {
		defer signal.Stop(stop)
		for {
			select {
			case s := <-stop:
				if s == unix.SIGTERM || s == unix.SIGINT {
					cancel()
					return
				}
				c.conn.Post(msgSignal, s)
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (c *child) engine(ctx context.Context, cancel func(), cfg *conf.Config) error {
	switch c.role {
	case roleVRRP:
		return engine.Run(ctx, cfg, inputs[engine.Input](ctx, cancel, c), vrrpOutput{c}, c.log, engine.Options{
			DontRelease: c.setup.DontRelease, LogAddresses: c.setup.LogAddresses,
			Chains: func(r engine.ChainsRequest) { c.conn.Post(msgChains, r) }})
	case roleChecker:
		return healthcheck.Run(ctx, cfg, inputs[healthcheck.Input](ctx, cancel, c), checkerOutput{c}, c.log, healthcheck.Options{
			DontRelease: c.setup.DontRelease, Facts: c.setup.Facts, Orders: c.setup.Orders})
	case roleBFD:
		return bfd.Run(ctx, cfg, inputs[bfd.Input](ctx, cancel, c), bfdOutput{c}, c.log)
	}
	return fmt.Errorf("unknown role %q", c.role)
}

// inputs feeds an engine with the parent's messages until the parent says stop
// or ends; then it cancels.
func inputs[T any](ctx context.Context, cancel func(), c *child) <-chan T {
	ch := make(chan T, 256)
	go func() {
		defer cancel()
		for {
			kind, raw, err := c.conn.Receive()
			if err != nil || kind == msgStop {
				return
			}
			v, err := c.decode(kind, raw)
			if err != nil {
				c.log.Error("message from the parent", "err", err)
				continue
			}
			if cfg, ok := v.(*conf.Config); ok {
				c.name(cfg)
			}
			select {
			case ch <- v.(T):
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch
}
