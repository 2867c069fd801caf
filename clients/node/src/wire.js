import http from 'node:http';
import { answerIn } from './belief.js';

const LONGEST_ANSWER = 64 << 10;
const LONGEST_LINE = 64 << 10;
/** After so many milliseconds without an event the watch is given up. */
const SILENCE = 10_000;
/** After so many milliseconds without a watch it is begun anew. */
export const REST = 2000;

/** The sidecar cannot be reached, or has refused the request; the message says why. */
export class SidecarError extends Error {
  /**
   * @param {string} message
   * @param {number} status that it answered with; 0 if it did not
   */
  constructor(message, status = 0) {
    super(message);
    this.name = 'SidecarError';
    this.status = status;
  }
}

/** Where the sidecar answers. */
export class Sidecar {
  /** @param {string} address */
  constructor(address) {
    const url = parsed(address);
    if (url?.protocol !== 'http:' || url.hostname === '' || url.pathname !== '/') {
      throw new TypeError(`"${address}" is not an address of a sidecar: give http://127.0.0.1:4040`);
    }
    this.url = url.origin;
  }

  /**
   * Sends a request, and gives the response if its status is 200.
   * @param {string} method
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {string} [body]
   * @returns {Promise<http.IncomingMessage>}
   */
  async #open(method, path, signal, body = '') {
    const what = `${method} ${this.url}${path}`;
    const headers = { 'Content-Length': Buffer.byteLength(body), 'Content-Type': 'application/json' };
    const response = await new Promise((resolve, reject) => {
      // A connection for each question: one that is kept may be half open.
      const request = http.request(this.url + path, { method, signal, agent: false, headers }, resolve);
      request.on('error', (error) => reject(new SidecarError(`${what}: ${error.message}`)));
      request.end(body);
    });
    if (response.statusCode === 200) return response;
    const text = (await read(what, response)).trim().slice(0, 500);
    throw new SidecarError(`${what}: ${response.statusCode}: ${text}`, response.statusCode);
  }

  /**
   * One request and its body, within so many milliseconds.
   * @param {number} within
   * @param {string} method
   * @param {string} path
   * @param {string} [body]
   */
  async ask(within, method, path, body) {
    const signal = AbortSignal.timeout(within);
    return read(`${method} ${path}`, await this.#open(method, path, signal, body));
  }

  /** @param {number} within */
  async leader(within) {
    return answerIn(JSON.parse(await this.ask(within, 'GET', '/v1/leader')));
  }

  /**
   * Says when it hears something, the head of the stream or an event, until the stream ends or is silent.
   * @param {AbortSignal} closed
   * @param {() => void} heard
   */
  async watch(closed, heard) {
    const ended = new AbortController();
    const end = () => ended.abort();
    const timer = setTimeout(end, SILENCE);
    closed.addEventListener('abort', end);
    try {
      const response = await this.#open('GET', '/v1/watch', ended.signal);
      heard();
      let rest = '';
      for await (const piece of response.setEncoding('utf8')) {
        timer.refresh();
        const lines = (rest + piece).split('\n');
        rest = /** @type {string} */ (lines.pop());
        if (lines.some((line) => line.startsWith('data:'))) heard();
        if (rest.length > LONGEST_LINE) {
          throw new SidecarError(`/v1/watch: a line longer than ${LONGEST_LINE} bytes`);
        }
      }
    } finally {
      clearTimeout(timer);
      closed.removeEventListener('abort', end);
      end();
    }
  }
}

/** @param {string} address */
function parsed(address) {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/**
 * @param {string} what
 * @param {http.IncomingMessage} response
 */
async function read(what, response) {
  let text = '';
  try {
    for await (const piece of response.setEncoding('utf8')) {
      text += piece;
      if (text.length > LONGEST_ANSWER) throw new Error(`longer than ${LONGEST_ANSWER} bytes`);
    }
  } catch (error) {
    throw new SidecarError(`${what}: the answer broke off: ${/** @type {Error} */ (error).message}`);
  }
  return text;
}
