package app

import "github.com/trainercal/trainercal/gateway/internal/runner"

// CauseResync is the cause of a run that builds everything afresh.
const CauseResync = "resync"

// Resync is the work of removing what the gateway wrote and pulled, and of building it
// afresh (resync-1); in place it converges by difference.
func Resync(filter Filter, inPlace bool) Work {
	kind := runner.Resync
	if inPlace {
		kind = runner.ResyncInPlace
	}
	return Work{filter: filter, work: work{Kind: kind}}
}
