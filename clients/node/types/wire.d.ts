/** After so many milliseconds without a watch it is begun anew. */
export const REST: 2000;
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
     */
    ask(within: number, method: string, path: string, body?: string): Promise<string>;
    /** @param {number} within */
    leader(within: number): Promise<import("./belief.js").Answer>;
    /**
     * Says when it hears something, the head of the stream or an event, until the stream ends or is silent.
     * @param {AbortSignal} closed
     * @param {() => void} heard
     */
    watch(closed: AbortSignal, heard: () => void): Promise<void>;
    #private;
}
