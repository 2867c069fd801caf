// A small election policy in JavaScript: leads while it can, and renews on time.
//
// Built as a component by tests/setup/guests.sh, QuickJS in it, with WASI and all: the sidecar
// answers that deaf and blind.

const decision = (action, wakeAfter, reason) => ({
    action: { tag: action },
    wakeAfter,
    leaseDuration: null,
    reason,
    publish: [],
    memory: new Uint8Array(),
    extra: [],
});

export const policy = {
    describe: () => ({
        name: "javascript",
        version: "0.1.0",
        summary: "renews on time",
        memorySchema: 0,
        settingsSchema: "",
        needs: [],
        // What decides where this policy fails. Left out, it is "hold".
        onFailure: "resign",
    }),

    // Nothing is wrong with any settings.
    validate: () => [],

    decide({ entropy, timing: { retryPeriod }, observation: { claim, seat, signals } }) {
        // What is thrown is heard: it stands behind the reason for the failure.
        if (signals.some(({ key }) => key === "app.fail")) {
            throw new Error("the application asks for it");
        }
        // Not `Math.random`: the engine drew its seed when the component was built, so that it
        // gives every question the same. It and the time of day are asked all the same, since both
        // have to be equal for equal questions.
        const wake = retryPeriod + (entropy % 200);
        const told = (words) => `${words}; drew ${Math.random()} at ${Date.now()}`;
        if (claim) {
            // No jitter here: a late renewal is a missed one.
            return decision("renew", retryPeriod, told("renewal is due"));
        }
        if (seat && seat.freeIn === 0) {
            return decision("campaign", wake, told("the seat is free"));
        }
        return decision("wait", wake, told("the seat is taken"));
    },

    migrate: () => new Uint8Array(),
};
