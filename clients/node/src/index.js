import { Belief } from './belief.js';
import { Clock } from './clock.js';
import { REST, Sidecar, SidecarError } from './wire.js';

export { SidecarError };

/** Where a sidecar answers. */
export const DEFAULT_URL = 'http://127.0.0.1:4040';

const SHORTEST_PAUSE = 10; // between two questions, however many events there are, in milliseconds

/**
 * The functions are called one after the other, and each is awaited: `onElected` should return soon. A
 * client with `onLost` or `lead` lets go of a term when that is done, so that the sidecar passes the seat
 * on at once; one without has to call `letGo` itself.
 * @typedef {object} Options
 * @property {string} [url] where the sidecar answers
 * @property {number} [hold] how many milliseconds an answer is believed at most, 2000 if it is not given:
 *   the client's share of the reaction time S, which is set for the sidecar by `--reaction-time`
 * @property {(token: number) => unknown} [onElected] a term has begun
 * @property {(token: number, left: number) => unknown} [onDraining] a term is over, and what is under way
 *   may be finished within so many milliseconds
 * @property {(token: number) => unknown} [onLost] a term is over, and nothing may act for it any more
 * @property {(term: {token: number, signal: AbortSignal}) => unknown} [lead] runs in each term; its signal
 *   is aborted when the term is over. When it is done the term is let go of, and so given up if it is on
 */

/** Knows whether this pod leads, for as long as the last answer of the sidecar holds. */
export class Client {
  #options;
  #hold;
  #sidecar;
  #belief;
  #clock = new Clock();
  #closed = new AbortController();
  #bell = new Bell(); // something says that it is time to ask
  #news = new Bell(); // there are changes, or the end of belief has moved
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** The latest term that was let go of, and the latest of them that the sidecar has heard of. */
  #letGo = 0;
  #released = 0;
  /** @type {{over: () => void, done: Promise<void>} | null} */
  #leading = null;
  /** @type {Promise<unknown>} */
  #ended = Promise.resolve();

  /** @param {Options} [options] */
  constructor(options = {}) {
    const { url = DEFAULT_URL, hold = 2000 } = options;
    if (!(hold >= 100 && hold <= 60_000)) {
      throw new RangeError(`hold: ${hold}: give milliseconds from 100 to 60000`);
    }
    this.#options = options;
    this.#hold = hold;
    this.#sidecar = new Sidecar(url);
    this.#belief = new Belief(hold, Boolean(options.onLost ?? options.lead));
  }

  /** Begins to ask. The client is to be closed, or the process does not end by itself. */
  start() {
    const told = this.#tellOn();
    this.#ended = this.#askOn(told);
    void this.#watchOn();
    return this;
  }

  /** Ends a term of this pod, as the application acts no more. Not to be awaited in the functions above. */
  async close() {
    this.#belief.end(this.#clock.now());
    this.#changed();
    this.#closed.abort();
    for (const bell of [this.#bell, this.#news]) bell.ring();
    await this.#ended;
  }

  /** Whether this pod leads at this very moment. */
  isLeader() {
    return this.token() !== null;
  }

  /** The fencing token of this pod's term, to be sent along with each write; null: no term. */
  token() {
    return this.#belief.leads(this.#clock.now()) || null;
  }

  /** The name of the leader, whichever pod it is; empty if nobody is known to lead. */
  leader() {
    return this.#belief.leader(this.#clock.now());
  }

  /**
   * Waits until this pod leads; its token, or null once the client is closed.
   * @returns {Promise<number | null>}
   */
  async waitLeader() {
    for (;;) {
      const token = this.token();
      if (token !== null || this.#closed.signal.aborted) return token;
      await new Promise((resolve) => this.#waiting.add(() => resolve(null)));
    }
  }

  /**
   * Says whether the application is ready to lead; after `ttl` milliseconds nothing is said.
   * @param {boolean} ready
   * @param {number} [ttl]
   */
  async ready(ready, ttl) {
    await this.#put('/v1/ready', ready, ttl);
  }

  /**
   * Sets a signal for the policy; the heartbeat is one, `signal('app.heartbeat', true, 30_000)`.
   * @param {string} key
   * @param {unknown} [value]
   * @param {number} [ttl] how many milliseconds it holds
   */
  async signal(key, value = true, ttl) {
    await this.#put(signalPath(key), value, ttl);
  }

  /**
   * Takes a signal back; one that is not set is an error.
   * @param {string} key
   */
  async unsetSignal(key) {
    await this.#sidecar.ask(this.#hold, 'DELETE', signalPath(key));
  }

  /**
   * Says that the application acts no more for the term with that token, which ends if it is on. The
   * sidecar hears of it in the background, again and again until it has answered.
   * @param {number} token
   */
  letGo(token) {
    this.#letGo = Math.max(this.#letGo, token);
    this.#belief.letGo(token, this.#clock.now());
    this.#changed();
    this.#bell.ring();
  }

  /**
   * @param {string} path
   * @param {unknown} value
   * @param {number} [ttl]
   */
  async #put(path, value, ttl) {
    const query = ttl === undefined ? '' : `?ttl=${Math.round(ttl)}ms`;
    await this.#sidecar.ask(this.#hold, 'PUT', path + query, JSON.stringify(value));
  }

  /** Wakes all who wait for a change. */
  #changed() {
    this.#news.ring();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /**
   * Asks, and nothing else extends belief.
   * @param {Promise<void>} told
   */
  async #askOn(told) {
    while (!this.#closed.signal.aborted) {
      await this.#ask();
      await new Bell().wait(SHORTEST_PAUSE);
      await this.#bell.wait(this.#hold / 4);
    }
    await told; // the last term's callbacks still run
    await this.#tellLetGo();
    this.#changed();
  }

  async #ask() {
    await this.#tellLetGo();
    const asked = this.#clock.now(); // before the question: whatever it takes counts against the belief
    try {
      const answer = await this.#sidecar.leader(this.#hold / 2);
      if (this.#closed.signal.aborted) return;
      this.#belief.answered(asked, this.#clock.now(), answer);
      this.#changed();
    } catch {
      // It is asked again, and belief ends by itself.
    }
  }

  async #tellLetGo() {
    const token = this.#letGo;
    if (token <= this.#released) return;
    try {
      await this.#sidecar.ask(this.#hold / 2, 'PUT', `/v1/released?token=${token}`);
    } catch (error) {
      const status = error instanceof SidecarError ? error.status : 0;
      if (status < 400 || status >= 500) return; // it is sent once more
    }
    this.#released = token;
  }

  /**
   * Watches. An event says that it is time to ask, and nothing else: it may have waited in a buffer, and
   * does not say for how long.
   */
  async #watchOn() {
    const [closed, away] = [this.#closed.signal, new Bell()];
    closed.addEventListener('abort', () => away.ring());
    while (!closed.aborted) {
      try {
        await this.#sidecar.watch(closed, () => this.#bell.ring());
      } catch {
        // However it has ended, it is begun anew.
      }
      if (!closed.aborted) await away.wait(REST);
    }
  }

  /** Tells the application. */
  async #tellOn() {
    for (;;) {
      this.#belief.expired(this.#clock.now());
      const change = this.#belief.changes.shift();
      if (change !== undefined) {
        try {
          await this.#tell(change);
        } catch (error) {
          process.emitWarning(`Hotseat: a function for ${change.kind} has failed: ${error}`);
        }
        if (change.kind === 'lost' && this.#belief.final) this.letGo(change.token);
      } else if (this.#closed.signal.aborted) {
        return;
      } else {
        const left = this.#belief.term === 0 ? Infinity : this.#belief.until - this.#clock.now();
        await this.#news.wait(Math.max(left, 0));
      }
    }
  }

  /** @param {import('./belief.js').Change} change */
  async #tell({ kind, token, until }) {
    const { onElected, onDraining, onLost } = this.#options;
    if (kind === 'elected') {
      this.#lead(token);
      await onElected?.(token);
    } else if (kind === 'draining') {
      this.#leading?.over();
      await onDraining?.(token, Math.max(until - this.#clock.now(), 0));
    } else {
      this.#leading?.over();
      await this.#leading?.done;
      this.#leading = null;
      await onLost?.(token);
    }
  }

  /**
   * Runs `lead` beside the telling.
   * @param {number} token
   */
  #lead(token) {
    const { lead } = this.#options;
    if (lead === undefined) return;
    const over = new AbortController();
    const done = (async () => {
      try {
        await lead({ token, signal: over.signal });
      } catch (error) {
        // What an aborted signal throws is how it should end.
        if (!over.signal.aborted) process.emitWarning(`Hotseat: lead has failed: ${error}`);
      }
      if (!over.signal.aborted) this.letGo(token); // it gives the seat up
    })();
    this.#leading = { over: () => over.abort(), done };
  }
}

/** Rings for one who waits, or for the next one who will. */
class Bell {
  #rung = false;
  /** @type {(() => void) | null} */
  #wake = null;

  ring() {
    this.#rung = true;
    this.#wake?.();
  }

  /**
   * Waits for a ring, or for so many milliseconds.
   * @param {number} within
   */
  async wait(within) {
    await new Promise((resolve) => {
      const timer = within === Infinity ? null : setTimeout(resolve, within, null);
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        resolve(null);
      };
      if (this.#rung) this.#wake();
    });
    [this.#rung, this.#wake] = [false, null];
  }
}

function signalPath(/** @type {string} */ key) {
  return `/v1/signals/${encodeURIComponent(key)}`;
}
