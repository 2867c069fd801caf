// Uses the package as it is installed: a term from its beginning to its end, beside the sidecar for tests.
import assert from 'node:assert/strict';
import { Client } from '@hotseat/client';
import { FakeSidecar } from '@hotseat/client/testing';

const sidecar = await FakeSidecar.start();
const client = new Client({ url: sidecar.url, onLost: () => {} }).start();
const token = sidecar.lead();
assert.equal(await client.waitLeader(), token);
assert.equal(client.isLeader(), true);
await client.close();
assert.equal(client.isLeader(), false);
assert.deepEqual(sidecar.released, [token]);
await sidecar.stop();
console.log('Node.js: used as it is packed');
