// A small election policy in Go: leads while it can, and renews on time.
//
// Built as a component by tests/setup/guests.sh, Go's runtime in it, with WASI and all: the sidecar
// answers that deaf and blind. The name of the package is the one that the bindings import.
package export_hotseat_policy_policy

import (
	"math/rand/v2"
	"strconv"
	"time"

	types "go.bytecodealliance.org/pkg/wit/types"
	. "wit_component/hotseat_policy_policy"
)

func Describe() Descriptor {
	return Descriptor{Name: "go", Version: "0.1.0", Summary: "renews on time"}
}

func Validate(settings string) []Issue {
	return nil
}

func Decide(input Input) types.Result[Decision, Refusal] {
	// Chance and both clocks are asked on purpose: the host fixes them by the question, so they are
	// the same for equal questions.
	draw, now := rand.Uint32(), time.Now()
	retry := input.Timing.RetryPeriod
	answer := func(action Action, wake uint64, why string) types.Result[Decision, Refusal] {
		reason := why + "; drew " + strconv.FormatUint(uint64(draw), 10) + " at " + strconv.FormatInt(now.UnixMilli(), 10)
		return types.Ok[Decision, Refusal](Decision{
			Action: action, WakeAfter: wake, LeaseDuration: types.None[uint64](), Reason: reason,
		})
	}
	seen := input.Observation
	for _, signal := range seen.Signals {
		// A panic is heard: it stands behind the reason for the failure.
		if signal.Key == "app.fail" {
			panic("the application asks for it")
		}
	}
	if seen.Claim.IsSome() {
		// No jitter here: a late renewal is a missed one.
		return answer(MakeActionRenew(), retry, "renewal is due")
	}
	wake := retry + uint64(draw%200)
	if seen.Seat.IsSome() && seen.Seat.Some().FreeIn == 0 {
		return answer(MakeActionCampaign(), wake, "the seat is free")
	}
	return answer(MakeActionWait(), wake, "the seat is taken")
}

func Migrate(fromName string, fromSchema uint32, memory []uint8) types.Result[[]uint8, Refusal] {
	return types.Ok[[]uint8, Refusal](nil)
}
