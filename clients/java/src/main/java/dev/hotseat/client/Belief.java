package dev.hotseat.client;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What may be believed, as a value: no thread, no connection, no clock of its own.
 *
 * <p>Moments are nanoseconds of one clock that never goes back; {@code asked} is always the moment
 * <em>before</em> a question was sent, so whatever the way there and back took counts against the belief.
 */
final class Belief {
    /** The largest fencing token that there can be. */
    static final long LARGEST_TOKEN = (1L << 53) - 1;
    private static final long NEVER = Long.MAX_VALUE;

    /**
     * What became of a term, with its token: it has begun, or it is over. Then until is the moment until which what is
     * under way may be finished; null where there is no time left.
     */
    record Change(long token, boolean over, Long until) {}

    /** What {@code /v1/leader} says, as far as it matters here; the token is 0 where this candidate does not lead. */
    record Answer(long token, String name, long remaining) {}

    /** For how long an answer is believed at most. */
    final long hold;
    /** A term that was lost is let go of, and does not come back. */
    final boolean isFinal;
    /** What became of terms, in that order, until somebody takes it out. */
    final Deque<Change> changes = new ArrayDeque<>();
    /** The fencing token of the term that is believed in; 0: none. */
    private long term;
    /** When belief ends unless another answer comes; never without a term. */
    private long until = NEVER;
    private long asked;
    /** The terms up to this token are over, and do not come back. */
    private long over;
    private String name = "";
    private long nameUntil;

    Belief(long hold, boolean isFinal) {
        this.hold = hold;
        this.isFinal = isFinal;
    }

    /** The token of the term, if this process may act as its leader; else 0. */
    long leads(long now) {
        return now < until ? term : 0;
    }

    /** How long belief lasts if nothing changes. */
    long left(long now) {
        return until - now;
    }

    /** Who leads; empty if nobody is known to. */
    String leader(long now) {
        return now < nameUntil ? name : "";
    }

    /** An answer to a question that was sent after {@code asked} came at {@code now}. */
    void answered(long asked, long now, Answer answer) {
        expired(now);
        name = answer.name();
        nameUntil = asked + answer.remaining();
        long token = answer.token();
        if (token == 0) {
            end(now);
        }
        if (token <= over) {
            return; // nothing counts that is said of no term, or of one that is over
        }
        if (token != term) {
            end(now);
        }
        over = token - 1;
        long ends = asked + Math.min(answer.remaining(), hold);
        if (term != 0) {
            // Questions are asked one after the other, but an answer may be held for shorter.
            until = Math.max(until, ends);
            this.asked = asked;
        } else if (now < ends) {
            term = token;
            until = ends;
            this.asked = asked;
            changes.add(new Change(token, false, null));
        }
    }

    /** Time has passed. */
    void expired(long now) {
        if (now >= until) {
            end(now);
        }
    }

    /** The term ends now, if there is one. */
    void end(long now) {
        long token = term;
        term = 0;
        until = NEVER;
        if (token == 0) {
            return;
        }
        if (isFinal) {
            over = token;
        }
        // The sidecar waits for hold after it last said that this candidate leads, which was not before it
        // was asked.
        long drained = asked + hold;
        changes.add(new Change(token, true, now < drained ? drained : null));
    }

    /** The application acts no more for the term with that token, nor for one before it. */
    void letGo(long token, long now) {
        over = Math.max(over, token);
        if (term <= token) {
            end(now);
        }
    }
}
