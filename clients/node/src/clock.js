import { uptime } from 'node:os';

/**
 * A clock that goes on while the machine is suspended: `process.hrtime`, which does not, and the time in
 * suspend as far as `os.uptime` shows it, which is read from /proc in steps of 10 ms.
 */
export class Clock {
  #base = this.#offset();
  #suspended = 0;

  /** Milliseconds since some moment. */
  now() {
    this.#suspended = Math.max(this.#suspended, this.#offset() - this.#base);
    return this.monotonic() + this.#suspended;
  }

  /** @internal */
  monotonic() {
    return Number(process.hrtime.bigint() / 1000n) / 1000;
  }

  /** @internal */
  sinceBoot() {
    return uptime() * 1000;
  }

  #offset() {
    try {
      return this.sinceBoot() - this.monotonic();
    } catch {
      return 0; // a system that does not say since when it runs
    }
  }
}
