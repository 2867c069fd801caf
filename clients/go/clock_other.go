//go:build !linux

package hotseat

import "time"

var origin = time.Now()

// now is the monotonic clock, which may stand still while the machine is suspended: what is here is for
// development, as the sidecar runs on Linux only.
func now() time.Duration { return time.Since(origin) }
