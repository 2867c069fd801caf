export { SidecarError };
/** Where a sidecar answers. */
export const DEFAULT_URL: "http://127.0.0.1:4040";
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
    /** @param {Options} [options] */
    constructor(options?: Options);
    /** Begins to ask. The client is to be closed, or the process does not end by itself. */
    start(): this;
    /** Ends a term of this pod, as the application acts no more. Not to be awaited in the functions above. */
    close(): Promise<void>;
    /** Whether this pod leads at this very moment. */
    isLeader(): boolean;
    /** The fencing token of this pod's term, to be sent along with each write; null: no term. */
    token(): number | null;
    /** The name of the leader, whichever pod it is; empty if nobody is known to lead. */
    leader(): string;
    /**
     * Waits until this pod leads; its token, or null once the client is closed.
     * @returns {Promise<number | null>}
     */
    waitLeader(): Promise<number | null>;
    /**
     * Says whether the application is ready to lead; after `ttl` milliseconds nothing is said.
     * @param {boolean} ready
     * @param {number} [ttl]
     */
    ready(ready: boolean, ttl?: number): Promise<void>;
    /**
     * Sets a signal for the policy; the heartbeat is one, `signal('app.heartbeat', true, 30_000)`.
     * @param {string} key
     * @param {unknown} [value]
     * @param {number} [ttl] how many milliseconds it holds
     */
    signal(key: string, value?: unknown, ttl?: number): Promise<void>;
    /**
     * Takes a signal back; one that is not set is an error.
     * @param {string} key
     */
    unsetSignal(key: string): Promise<void>;
    /**
     * Says that the application acts no more for the term with that token, which ends if it is on. The
     * sidecar hears of it in the background, again and again until it has answered.
     * @param {number} token
     */
    letGo(token: number): void;
    #private;
}
/**
 * The functions are called one after the other, and each is awaited: `onElected` should return soon. A
 * client with `onLost` or `lead` lets go of a term when that is done, so that the sidecar passes the seat
 * on at once; one without has to call `letGo` itself.
 */
export type Options = {
    /**
     * where the sidecar answers
     */
    url?: string;
    /**
     * how many milliseconds an answer is believed at most, 2000 if it is not given:
     * the client's share of the reaction time S, which is set for the sidecar by `--reaction-time`
     */
    hold?: number;
    /**
     * a term has begun
     */
    onElected?: (token: number) => unknown;
    /**
     * a term is over, and what is under way
     * may be finished within so many milliseconds
     */
    onDraining?: (token: number, left: number) => unknown;
    /**
     * a term is over, and nothing may act for it any more
     */
    onLost?: (token: number) => unknown;
    /**
     * runs in each term; its signal
     * is aborted when the term is over. When it is done the term is let go of, and so given up if it is on
     */
    lead?: (term: {
        token: number;
        signal: AbortSignal;
    }) => unknown;
};
import { SidecarError } from './wire.js';
