// Does what the driver of all clients asks on standard input, and says in JSON lines what happens.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Belief } from '../src/belief.js';
import { Client } from '../src/index.js';

const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
// The wall clock in microseconds, which `performance` has from the start of the process on.
const clock = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

/** Says from when to when the client was seen to lead. */
async function sample(client, over) {
  let [first, last] = [0, 0];
  while (!over.aborted) {
    const before = clock();
    const leads = client.isLeader();
    if (leads) [first, last] = [first || clock(), before];
    else if (first) {
      say('led', { from: first, to: last });
      first = 0;
    }
    await sleep(2);
  }
  if (first) say('led', { from: first, to: last });
}

async function serve(url, hold, callbacks) {
  const on = {
    onElected: (token) => say('elected', { token }),
    onDraining: (token) => say('draining', { token }),
    onLost: (token) => say('lost', { token }),
  };
  const client = new Client({ url, hold, ...(callbacks && on) }).start();
  const over = new AbortController();
  const sampled = sample(client, over.signal);
  say('started');
  for await (const line of createInterface({ input: process.stdin })) await act(client, line.split(' '));
  over.abort();
  await sampled;
  await client.close();
  say('closed');
}

async function act(client, [word, ...rest]) {
  try {
    if (word === 'ask') {
      const [leads, token] = [client.isLeader(), client.token() ?? 0];
      return say('asked', { leads, token, name: client.leader() });
    }
    if (word === 'ready') await client.ready(rest[0] === 'true', Number(rest[1]));
    else if (word === 'signal') await client.signal(rest[0], JSON.parse(rest[1]), Number(rest[2]));
    else if (word === 'unset') await client.unsetSignal(rest[0]);
    else if (word === 'let-go') client.letGo(Number(rest[0]));
    return say('done');
  } catch (error) {
    return say('refused', { why: error.message });
  }
}

/** Plays one belief in virtual time, in milliseconds. */
async function believe(hold, final) {
  const belief = new Belief(hold, final);
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.split(' ');
    const numbers = rest.map(Number);
    const now = numbers.at(-1);
    if (word === 'answer') {
      const [leads, token, remaining, asked] = numbers;
      belief.answered(asked, now, { token: leads * token, name: '', remaining });
    } else if (word === 'let-go') belief.letGo(numbers[0], now);
    else if (word === 'end') belief.end(now);
    else if (word === 'expired') belief.expired(now);
    const shown = belief.changes.splice(0).map(({ kind, token, until }) =>
      kind === 'draining' ? `draining ${token} until ${until}` : `${kind} ${token}`,
    );
    say('belief', { changes: shown, leads: belief.leads(now) !== 0 });
  }
}

const [what, hold, how] = process.argv.slice(2);
if (what === 'belief') await believe(Number(hold), how === 'final');
else await serve(what, Number(hold), how === 'callbacks');
