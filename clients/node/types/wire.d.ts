/** The sidecar cannot be reached, or has refused the request; the message says why. */
export class SidecarError extends Error {
    /**
     * @param {string} message
     * @param {number} status that it answered with; 0 if it did not
     */
    constructor(message: string, status?: number);
    status: number;
}
/** Where the sidecar answers. */
export class Sidecar {
    /** @param {string} address */
    constructor(address: string);
    url: string;
    /**
     * One request and its body, within so many milliseconds.
     * @param {number} within
     * @param {string} method
     * @param {string} path
     * @param {string} [body]
     * @param {string} [kind]
     */
    ask(within: number, method: string, path: string, body?: string, kind?: string): Promise<string>;
    /** @param {number} within */
    leader(within: number): Promise<import("./belief.js").Answer>;
    /**
     * Rings with each event until the stream ends, or says nothing for `silence` milliseconds.
     * @param {number} silence
     * @param {AbortSignal} closed
     * @param {() => void} opened
     * @param {() => void} ring
     */
    watch(silence: number, closed: AbortSignal, opened: () => void, ring: () => void): Promise<void>;
    #private;
}
