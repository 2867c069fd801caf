// Who lags too far behind does not lead.

// Checked by the host before `validate` is asked.
const schema = {
    type: "object",
    required: ["most_lag"],
    additionalProperties: false,
    properties: { most_lag: { type: "number", minimum: 0 } },
};

const decision = (action, wakeAfter, reason) => ({
    action,
    wakeAfter,
    leaseDuration: null,
    reason,
    publish: [],
    memory: new Uint8Array(),
    extra: [],
});

const wait = { tag: "wait" };
const campaign = { tag: "campaign" };
const renew = { tag: "renew" };
const resign = { tag: "resign", val: null };

// What the signal says. Where the application says nothing, it is 0.
const number = (signals, key) => {
    const numbers = ["number", "integer"];
    const found = signals.find((it) => it.key === key && numbers.includes(it.value.tag));
    return found ? Number(found.value.val) : 0;
};

export const policy = {
    describe: () => ({
        name: "my-policy",
        version: "0.1.0",
        summary: "who lags too far behind does not lead",
        memorySchema: 0,
        settingsSchema: JSON.stringify(schema),
        needs: [],
        // What decides where this policy fails. Left out, it is "hold".
        onFailure: null,
    }),

    // What the schema says was checked already.
    validate: (settings) =>
        settings ? [] : [{ severity: "error", pointer: "", message: 'give them: {"most_lag": 10}' }],

    decide({ settings, entropy, timing, observation }) {
        const { most_lag } = JSON.parse(settings);
        const { claim, seat, signals, causes, attempts } = observation;
        const retry = timing.retryPeriod;
        const lag = number(signals, "app.lag");
        if (lag > most_lag) {
            // A change of the signal asks again before that.
            const why = `app.lag is ${lag}, and ${most_lag} is allowed`;
            return decision(claim ? resign : wait, retry, why);
        }
        if (causes.includes("stopping")) {
            return decision(resign, retry, "stopping");
        }
        if (claim) {
            const due = retry - (attempts.sinceSuccess ?? 0);
            return due > 0
                ? decision(wait, due, "renewed a moment ago")
                : decision(renew, retry, "renewal is due");
        }
        if (seat && seat.freeIn === 0) {
            // Not all at a time.
            return decision(campaign, retry + (entropy % 200), "the seat is free");
        }
        return decision(wait, retry, "the seat is taken");
    },

    migrate: () => new Uint8Array(),
};
