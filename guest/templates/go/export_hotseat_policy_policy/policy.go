// Package export_hotseat_policy_policy is the policy: who lags too far behind does not lead. Its name
// is the one that the bindings import.
package export_hotseat_policy_policy

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.bytecodealliance.org/pkg/wit/types"
	. "wit_component/hotseat_policy_policy"
)

// Checked by the host before Validate is asked.
const schema = `{
	"type": "object",
	"required": ["most_lag"],
	"additionalProperties": false,
	"properties": {"most_lag": {"type": "number", "minimum": 0}}
}`

type settings struct {
	// With more than this in the signal app.lag a replica does not lead.
	MostLag float64 `json:"most_lag"`
}

type answer = wit_types.Result[Decision, Refusal]

// Describe says who the policy is. What is left out of OnFailure is to hold, where this policy fails.
func Describe() Descriptor {
	return Descriptor{
		Name: "my-policy", Version: "0.1.0",
		Summary:        "who lags too far behind does not lead",
		SettingsSchema: schema,
	}
}

// Validate has nothing to add to what the schema says, which was checked already.
func Validate(text string) []Issue {
	if text == "" {
		return []Issue{{Severity: SeverityError, Message: `give them: {"most_lag": 10}`}}
	}
	return nil
}

// Decide says what to do now.
func Decide(input Input) answer {
	var given settings
	if err := json.Unmarshal([]byte(input.Settings), &given); err != nil {
		return wit_types.Err[Decision, Refusal](MakeRefusalUnusableSettings(err.Error()))
	}
	seen, retry := input.Observation, input.Timing.RetryPeriod
	leads := seen.Claim.IsSome()
	resign := MakeActionResign(wit_types.None[string]())
	if lag := number(seen.Signals, "app.lag"); lag > given.MostLag {
		why := fmt.Sprintf("app.lag is %v, and %v is allowed", lag, given.MostLag)
		if leads {
			return decide(resign, retry, why)
		}
		// A change of the signal asks again before that.
		return decide(MakeActionWait(), retry, why)
	}
	switch {
	case slices.Contains(seen.Causes, "stopping"):
		return decide(resign, retry, "stopping")
	case leads && seen.Attempts.SinceSuccess.SomeOr(retry) < retry:
		return decide(MakeActionWait(), retry-seen.Attempts.SinceSuccess.Some(), "renewed a moment ago")
	case leads:
		return decide(MakeActionRenew(), retry, "renewal is due")
	case seen.Seat.IsSome() && seen.Seat.Some().FreeIn == 0:
		// Not all at a time.
		return decide(MakeActionCampaign(), retry+input.Entropy%200, "the seat is free")
	}
	return decide(MakeActionWait(), retry, "the seat is taken")
}

// Migrate starts anew: this policy has no memory.
func Migrate(fromName string, fromSchema uint32, memory []uint8) wit_types.Result[[]uint8, Refusal] {
	return wit_types.Ok[[]uint8, Refusal](nil)
}

// number is what the signal says. Where the application says nothing, it is 0.
func number(signals []Signal, key string) float64 {
	for _, signal := range signals {
		if signal.Key != key {
			continue
		}
		switch signal.Value.Tag() {
		case ValueNumber:
			return signal.Value.Number()
		case ValueInteger:
			return float64(signal.Value.Integer())
		}
	}
	return 0
}

func decide(action Action, wakeAfter uint64, reason string) answer {
	return wit_types.Ok[Decision, Refusal](Decision{
		Action: action, WakeAfter: wakeAfter, LeaseDuration: wit_types.None[uint64](), Reason: reason,
	})
}
