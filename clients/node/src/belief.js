// What may be believed, as a value: no timer, no connection, no clock of its own.
//
// Moments are milliseconds of one clock that never goes back; `asked` is always the moment *before* a
// question was sent, so whatever the way there and back took counts against the belief.

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
export function answerIn(document) {
  const { self: leads, name, token, remaining_ms: remaining } = Object(document);
  if (typeof leads !== 'boolean' || typeof name !== 'string') {
    throw new TypeError('the answer has no self or no name');
  }
  if (!Number.isSafeInteger(remaining) || remaining < 0) {
    throw new TypeError('remaining_ms is not a number of milliseconds');
  }
  if (leads && !(Number.isSafeInteger(token) && token > 0)) {
    throw new TypeError('the token is not a fencing token');
  }
  return { token: leads ? token : 0, name, remaining };
}

/** Whether this process may act as the leader: from an answer, for `hold` at most. */
export class Belief {
  /** The fencing token of the term that is believed in; 0: none. */
  term = 0;
  /** When belief ends unless another answer comes; it counts only while there is a term. */
  until = 0;
  /** What became of terms, in that order, until somebody takes it out. @type {Change[]} */
  changes = [];
  #asked = 0;
  #seen = 0;
  #over = 0;
  #name = '';
  #nameUntil = 0;

  /**
   * @param {number} hold
   * @param {boolean} final a term that was lost is let go of, and does not come back
   */
  constructor(hold, final) {
    this.hold = hold;
    this.final = final;
  }

  /**
   * The token of the term, if this process may act as its leader; else 0.
   * @param {number} now
   */
  leads(now) {
    return now < this.until ? this.term : 0;
  }

  /** @param {number} now */
  leader(now) {
    return now < this.#nameUntil ? this.#name : '';
  }

  /**
   * An answer to a question that was sent after `asked` came at `now`.
   * @param {number} asked
   * @param {number} now
   * @param {Answer} answer
   */
  answered(asked, now, { token, name, remaining }) {
    this.expired(now);
    [this.#name, this.#nameUntil] = [name, asked + remaining];
    if (token === 0) this.end(now);
    // Of no term, or of one that is over: nothing that is said of it counts.
    if (token <= this.#over || token < this.#seen) return;
    if (token !== this.term) this.end(now);
    const until = asked + Math.min(remaining, this.hold);
    this.#seen = token;
    if (this.term !== 0) {
      // Questions are asked one after the other, but an answer may be held for shorter.
      this.until = Math.max(this.until, until);
      this.#asked = asked;
    } else if (now < until) {
      [this.term, this.until, this.#asked] = [token, until, asked];
      this.changes.push({ kind: 'elected', token, until: 0 });
    }
  }

  /**
   * Time has passed.
   * @param {number} now
   */
  expired(now) {
    if (now >= this.until) this.end(now);
  }

  /**
   * The term ends now, if there is one.
   * @param {number} now
   */
  end(now) {
    const token = this.term;
    this.term = 0;
    if (token === 0) return;
    if (this.final) this.#over = token;
    // The sidecar waits for `hold` after it last said that this candidate leads, which was not before
    // it was asked.
    const until = this.#asked + this.hold;
    if (now < until) this.changes.push({ kind: 'draining', token, until });
    this.changes.push({ kind: 'lost', token, until: 0 });
  }

  /**
   * The application acts no more for the term with that token, nor for one before it.
   * @param {number} token
   * @param {number} now
   */
  letGo(token, now) {
    this.#over = Math.max(this.#over, token);
    if (this.term <= token) this.end(now);
  }
}
