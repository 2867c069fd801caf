// Who lags too far behind does not lead.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "election.h"

// The bindings' names, without what all of them begin with.
#define T(name) exports_hotseat_policy_policy_##name##_t
#define TAG(name) EXPORTS_HOTSEAT_POLICY_POLICY_##name

// Checked by the host before `validate` is asked.
static const char *SCHEMA =
    "{\"type\": \"object\", \"required\": [\"most_lag\"], \"additionalProperties\": false,"
    " \"properties\": {\"most_lag\": {\"type\": \"number\", \"minimum\": 0}}}";

// Whether a text of the host's, which ends without a zero, is this one.
static bool is(const election_string_t *text, const char *wanted) {
    size_t length = strlen(wanted);
    return text->len == length && memcmp(text->ptr, wanted, length) == 0;
}

// The setting `most_lag`. The schema holds, so it is there, and a number follows its name.
static double most_lag(const election_string_t *settings) {
    char *text = calloc(settings->len + 1, 1);
    memcpy(text, settings->ptr, settings->len);
    const char *found = strstr(text, "\"most_lag\"");
    const char *colon = found ? strchr(found, ':') : NULL;
    return colon ? strtod(colon + 1, NULL) : 0;
}

// What the signal says. Where the application says nothing, it is 0.
static double number(const T(list_signal) *signals, const char *key) {
    for (size_t i = 0; i < signals->len; i++) {
        const T(signal) *signal = &signals->ptr[i];
        if (!is(&signal->key, key)) {
            continue;
        }
        if (signal->value.tag == TAG(VALUE_NUMBER)) {
            return signal->value.val.number;
        }
        if (signal->value.tag == TAG(VALUE_INTEGER)) {
            return (double)signal->value.val.integer;
        }
    }
    return 0;
}

static bool has(const election_list_string_t *words, const char *word) {
    for (size_t i = 0; i < words->len; i++) {
        if (is(&words->ptr[i], word)) {
            return true;
        }
    }
    return false;
}

void exports_hotseat_policy_policy_describe(T(descriptor) *ret) {
    // What decides where this policy fails is left out: it is to hold.
    memset(ret, 0, sizeof *ret);
    // The bindings free what is returned, so it has to be copied.
    election_string_dup(&ret->name, "my-policy");
    election_string_dup(&ret->version, "0.1.0");
    election_string_dup(&ret->summary, "who lags too far behind does not lead");
    election_string_dup(&ret->settings_schema, SCHEMA);
}

void exports_hotseat_policy_policy_validate(election_string_t *settings, T(list_issue) *ret) {
    memset(ret, 0, sizeof *ret);
    // What the schema says was checked already.
    if (settings->len == 0) {
        ret->len = 1;
        ret->ptr = calloc(1, sizeof *ret->ptr);
        ret->ptr->severity = TAG(SEVERITY_ERROR);
        election_string_dup(&ret->ptr->message, "give them: {\"most_lag\": 10}");
    }
}

static bool decision(T(decision) *ret, uint8_t action, uint64_t wake_after, const char *reason) {
    memset(ret, 0, sizeof *ret);
    ret->action.tag = action;
    ret->wake_after = wake_after;
    election_string_dup(&ret->reason, reason);
    return true;
}

bool exports_hotseat_policy_policy_decide(T(input) *input, T(decision) *ret, T(refusal) *err) {
    const T(observation) *seen = &input->observation;
    bool leads = seen->claim.is_some;
    uint64_t retry = input->timing.retry_period;
    double lag = number(&seen->signals, "app.lag"), most = most_lag(&input->settings);
    if (lag > most) {
        char why[128];
        snprintf(why, sizeof why, "app.lag is %g, and %g is allowed", lag, most);
        // A change of the signal asks again before that.
        return decision(ret, leads ? TAG(ACTION_RESIGN) : TAG(ACTION_WAIT), retry, why);
    }
    if (has(&seen->causes, "stopping")) {
        return decision(ret, TAG(ACTION_RESIGN), retry, "stopping");
    }
    if (leads) {
        uint64_t since = seen->attempts.since_success.is_some ? seen->attempts.since_success.val : retry;
        if (since < retry) {
            return decision(ret, TAG(ACTION_WAIT), retry - since, "renewed a moment ago");
        }
        return decision(ret, TAG(ACTION_RENEW), retry, "renewal is due");
    }
    if (seen->seat.is_some && seen->seat.val.free_in == 0) {
        // Not all at a time.
        return decision(ret, TAG(ACTION_CAMPAIGN), retry + input->entropy % 200, "the seat is free");
    }
    return decision(ret, TAG(ACTION_WAIT), retry, "the seat is taken");
}

// This policy has no memory: it starts anew.
bool exports_hotseat_policy_policy_migrate(election_string_t *from_name, uint32_t from_schema,
                                           election_list_u8_t *memory, election_list_u8_t *ret,
                                           T(refusal) *err) {
    memset(ret, 0, sizeof *ret);
    return true;
}
