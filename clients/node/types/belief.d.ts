/**
 * What became of a term, with its fencing token, and of a drain the moment at which it has to be over.
 * @typedef {{kind: 'elected' | 'draining' | 'lost', token: number, until: number}} Change
 */
/**
 * What `/v1/leader` says, as far as it matters here; the token is 0 where this candidate does not lead.
 * @typedef {{token: number, name: string, remaining: number}} Answer
 */
/**
 * The answer in a document. Nothing may be believed of one in which anything has the wrong type.
 * @param {any} document
 * @returns {Answer}
 */
export function answerIn(document: any): Answer;
/** Whether this process may act as the leader: from an answer, for `hold` at most. */
export class Belief {
    /**
     * @param {number} hold
     * @param {boolean} final a term that was lost is let go of, and does not come back
     */
    constructor(hold: number, final: boolean);
    /** The fencing token of the term that is believed in; 0: none. */
    term: number;
    /** When belief ends unless another answer comes; it counts only while there is a term. */
    until: number;
    /** What became of terms, in that order, until somebody takes it out. @type {Change[]} */
    changes: Change[];
    hold: number;
    final: boolean;
    /**
     * The token of the term, if this process may act as its leader; else 0.
     * @param {number} now
     */
    leads(now: number): number;
    /** @param {number} now */
    leader(now: number): string;
    /**
     * An answer to a question that was sent after `asked` came at `now`.
     * @param {number} asked
     * @param {number} now
     * @param {Answer} answer
     */
    answered(asked: number, now: number, { token, name, remaining }: Answer): void;
    /**
     * Time has passed.
     * @param {number} now
     */
    expired(now: number): void;
    /**
     * The term ends now, if there is one.
     * @param {number} now
     */
    end(now: number): void;
    /**
     * The application acts no more for the term with that token, nor for one before it.
     * @param {number} token
     * @param {number} now
     */
    letGo(token: number, now: number): void;
    #private;
}
/**
 * What became of a term, with its fencing token, and of a drain the moment at which it has to be over.
 */
export type Change = {
    kind: "elected" | "draining" | "lost";
    token: number;
    until: number;
};
/**
 * What `/v1/leader` says, as far as it matters here; the token is 0 where this candidate does not lead.
 */
export type Answer = {
    token: number;
    name: string;
    remaining: number;
};
