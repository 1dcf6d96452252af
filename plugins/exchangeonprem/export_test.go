package exchangeonprem

import (
	"context"
	"net"
	"time"

	"github.com/trainercal/trainercal/sdk"
)

// NewDialing is a backend that makes its connections by dial, so that names of a test's
// own lead to simulators.
func NewDialing(dial func(ctx context.Context, network, address string) (net.Conn, error)) sdk.Backend {
	return backend{dial: dial, now: time.Now}
}
