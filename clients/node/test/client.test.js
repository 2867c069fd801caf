// What is Node's own about the client; clients/cases.json has what all clients have to do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { answerIn } from '../src/belief.js';
import { Clock } from '../src/clock.js';
import { Client } from '../src/index.js';
import { FakeSidecar } from '../src/testing.js';

/** A client of a fake sidecar, both ended with the test. */
async function pair(t, options = {}) {
  const sidecar = await FakeSidecar.start();
  const client = new Client({ url: sidecar.url, ...options }).start();
  t.after(async () => {
    await client.close();
    await sidecar.stop();
  });
  return { sidecar, client };
}

test('a term from its beginning to its end', async (t) => {
  const seen = [];
  const { sidecar, client } = await pair(t, {
    onElected: (token) => seen.push(['elected', token]),
    onDraining: (token, left) => seen.push(['draining', token, left > 0 && left <= 2000]),
    onLost: async (token) => {
      await null;
      seen.push(['lost', token, sidecar.released.length]);
    },
  });
  assert.equal(client.isLeader(), false);
  const token = sidecar.lead();
  assert.equal(await client.waitLeader(), token);
  assert.deepEqual([client.token(), client.leader()], [token, 'me']);
  sidecar.standBy('other');
  await sidecar.until(() => sidecar.released.includes(token));
  assert.deepEqual([client.token(), client.leader()], [null, 'other']);
  assert.deepEqual(seen, [['elected', 1], ['draining', 1, true], ['lost', 1, 0]]);
});

test('a signal is aborted when the term is over, and the term let go of when all is done', async (t) => {
  const terms = [];
  const { sidecar } = await pair(t, {
    lead: async ({ token, signal }) => {
      terms.push(token);
      await once(signal, 'abort');
      terms.push(sidecar.released.length);
    },
  });
  const token = sidecar.lead();
  await sidecar.until(() => terms.length > 0);
  sidecar.standBy();
  await sidecar.until(() => sidecar.released.includes(token));
  assert.deepEqual(terms, [token, 0]);
});

test('who returns from lead gives the seat up', async (t) => {
  const { sidecar, client } = await pair(t, { lead: () => null });
  const token = sidecar.lead();
  await sidecar.until(() => sidecar.released.includes(token));
  assert.equal(client.isLeader(), false);
});

test('closing lets go of the term', async () => {
  const sidecar = await FakeSidecar.start();
  const client = new Client({ url: sidecar.url, onLost: () => null }).start();
  const token = sidecar.lead();
  await client.waitLeader();
  await client.close();
  assert.deepEqual([sidecar.released, client.isLeader()], [[token], false]);
  assert.equal(await client.waitLeader(), null);
  await sidecar.stop();
});

test('what the application says reaches the sidecar', async (t) => {
  const { sidecar, client } = await pair(t);
  await client.ready(true, 30_000);
  await client.signal('app/heart beat', true, 30_000);
  await client.signal('app.lag', 0.25);
  assert.equal(sidecar.ready, true);
  assert.deepEqual([...sidecar.signals], [['app/heart beat', true], ['app.lag', 0.25]]);
  await client.unsetSignal('app.lag');
  await assert.rejects(client.unsetSignal('app.lag'), /: 404: no such page/);
});

test('time in suspend counts', () => {
  let [monotonic, sinceBoot] = [5000, 7000];
  class Machine extends Clock {
    monotonic() {
      return monotonic;
    }
    sinceBoot() {
      return sinceBoot;
    }
  }
  const clock = new Machine();
  const before = clock.now();
  [monotonic, sinceBoot] = [5010, 7010];
  assert.equal(clock.now() - before, 10);
  sinceBoot += 60_000; // the machine was asleep
  assert.equal(clock.now() - before, 60_010);
  sinceBoot -= 5; // it is read in steps
  assert.equal(clock.now() - before, 60_010, 'it never goes back');
});

test('what cannot be used is named', () => {
  for (const url of ['localhost:4040', 'https://localhost', 'http://localhost:x', 'http://h/path']) {
    assert.throws(() => new Client({ url }), /not an address of a sidecar: give/, url);
  }
  assert.throws(() => new Client({ hold: 1 }), /hold: 1: give milliseconds from 100/);
});

test('a document that is none is refused', () => {
  const good = { self: true, name: 'me', token: 1, remaining_ms: 5 };
  answerIn(good);
  const wrong = [{ self: 1 }, { token: true }, { token: 2 ** 53 }, { remaining_ms: 1.5 }, { remaining_ms: -1 }];
  for (const change of [...wrong, { name: null }]) assert.throws(() => answerIn({ ...good, ...change }));
  assert.throws(() => answerIn(null));
});
