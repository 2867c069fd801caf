/**
 * A clock that goes on while the machine is suspended: `process.hrtime`, which does not, and the time in
 * suspend as far as `os.uptime` shows it, which is read from /proc in steps of 10 ms.
 */
export class Clock {
    /** Milliseconds since some moment. */
    now(): number;
    /** @internal */
    monotonic(): number;
    /** @internal */
    sinceBoot(): number;
    #private;
}
