/**
 * A sidecar for the tests of an application: it says what the test wants it to say, on a port of the
 * system's choosing on loopback.
 */
export class FakeSidecar {
    /** Starts one that says that nobody leads. */
    static start(): Promise<FakeSidecar>;
    /** What the application has set, by key. @type {Map<string, unknown>} */
    signals: Map<string, unknown>;
    /** Whether the application said that it is ready. @type {boolean | null} */
    ready: boolean | null;
    /** The tokens of the terms that the application has let go of. @type {number[]} */
    released: number[];
    /** Where it answers. */
    url: string;
    /** Ends it: connections are refused from now on. */
    stop(): Promise<void>;
    /** The application's pod leads from now on, in a new term; its token. */
    lead(): number;
    /** Another pod leads from now on, or nobody. */
    standBy(leader?: string): void;
    /** Sets the document of `/v1/leader`. @param {object} document */
    answer(document: object): void;
    /** Waits until the condition holds, which is looked at with each change. @param {() => boolean} condition */
    until(condition: () => boolean): Promise<void>;
    #private;
}
