import { EventEmitter, once } from 'node:events';
import http from 'node:http';

/**
 * A sidecar for the tests of an application: it says what the test wants it to say, on a port of the
 * system's choosing on loopback.
 */
export class FakeSidecar {
  /** What the application has set, by key. @type {Map<string, unknown>} */
  signals = new Map();
  /** Whether the application said that it is ready. @type {boolean | null} */
  ready = null;
  /** The tokens of the terms that the application has let go of. @type {number[]} */
  released = [];
  /** Where it answers. */
  url = '';
  #token = 0;
  #answer = '';
  #changed = new EventEmitter().setMaxListeners(0);
  #server = http.createServer((request, response) => void this.#serve(request, response));

  /** Starts one that says that nobody leads. */
  static async start() {
    const fake = new FakeSidecar();
    fake.standBy();
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    const address = /** @type {import('node:net').AddressInfo} */ (fake.#server.address());
    fake.url = `http://127.0.0.1:${address.port}`;
    return fake;
  }

  /** Ends it: connections are refused from now on. */
  async stop() {
    this.#changed.emit('stop');
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The application's pod leads from now on, in a new term; its token. */
  lead() {
    this.#token += 1;
    this.answer({ self: true, name: 'me', token: this.#token, remaining_ms: 60_000 });
    return this.#token;
  }

  /** Another pod leads from now on, or nobody. */
  standBy(leader = '') {
    this.answer({ self: false, name: leader, token: null, remaining_ms: leader ? 60_000 : 0 });
  }

  /** Sets the document of `/v1/leader`. @param {object} document */
  answer(document) {
    this.#answer = JSON.stringify(document);
    this.#changed.emit('change');
  }

  /** Waits until the condition holds, which is looked at with each change. @param {() => boolean} condition */
  async until(condition) {
    while (!condition()) await once(this.#changed, 'change');
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  async #serve(request, response) {
    const url = new URL(request.url ?? '/', 'http://localhost');
    let body = '';
    for await (const piece of request) body += piece;
    if (url.pathname === '/v1/leader') response.end(this.#answer);
    else if (url.pathname === '/v1/watch') await this.#watch(response);
    else if (this.#change(request.method === 'DELETE', url, body)) response.end('ok\n');
    else response.writeHead(404).end('no such page\n');
    this.#changed.emit('change');
  }

  /**
   * @param {boolean} removes
   * @param {URL} url
   * @param {string} body
   */
  #change(removes, url, body) {
    const key = decodeURIComponent(url.pathname.split('/v1/signals/')[1] ?? '');
    if (key !== '' && removes) return this.signals.delete(key);
    if (key !== '') this.signals.set(key, JSON.parse(body));
    else if (url.pathname === '/v1/ready') this.ready = body === 'true';
    else if (url.pathname === '/v1/released') this.released.push(Number(url.searchParams.get('token')));
    else return false;
    return true;
  }

  /** @param {http.ServerResponse} response */
  async #watch(response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const send = () => response.write(`event: leader\ndata: ${this.#answer}\n\n`);
    const beat = setInterval(send, 1000);
    this.#changed.on('change', send);
    send();
    await Promise.race([once(response, 'close'), once(this.#changed, 'stop')]);
    clearInterval(beat);
    this.#changed.off('change', send);
    response.end();
  }
}
