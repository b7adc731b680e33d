import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkOptions } from '@chorus/network';
import { afterEach, describe, expect, test } from 'vitest';
import { patience } from '../patience.ts';
import { type Driver, startDriver } from './netns/drivers.ts';
import { type Link, Netns, type Shape, whyNoNamespaces } from './netns/netns.ts';
import { pseudoRandom } from './netns/random.ts';

/**
 * Network and storage over links like those of homes, in processes of their own. A whole training round over the
 * same links is netns-round.slow.ts.
 */
const PARTITION_MS = 30_000;

/** After a cut of the links every peer is reachable again by then: a redial, and its pause. */
const RECONNECTED_MS = 10_000;

/** 100 ms there and 100 ms back, a packet in fifty lost each way, 10 Mbit/s each way. */
const HOME: Shape = { delayMs: 100, loss: 0.02, bitsPerSecond: 10_000_000 };
/** A hosted machine. */
const HOSTED: Shape = { delayMs: 5, bitsPerSecond: 100_000_000 };

const why = await whyNoNamespaces({ nat: true });
if (why) console.warn(`skipped: network namespaces cannot be used (${why})`);

let net: Netns | undefined;
afterEach(async () => {
  await net?.close();
  net = undefined;
});

const say = (text: string) => console.info(`netns: ${text}`);
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const digestOf = (size: number, seed: number) =>
  createHash('sha256').update(pseudoRandom(size, seed)).digest('hex');

async function create(links: Record<string, Link>): Promise<Netns> {
  net = await Netns.create(links);
  return net;
}
async function start(name: string, options: NetworkOptions = {}): Promise<Driver> {
  const on = net!;
  const listen = [`/ip4/${on.localAddress(name)}/tcp/4011`];
  return await startDriver((command, args, spawnOptions) => on.spawn(name, command, args, spawnOptions), {
    listen,
    ...options,
  });
}
/** Milliseconds until it holds; fails after the limit. */
async function until(holds: () => Promise<boolean>, limitMs: number): Promise<number> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > patience(limitMs)) throw new Error(`not within ${limitMs} ms`);
    await sleep(100);
  }
  return performance.now() - started;
}
/** Publish until every other node has it: subscriptions of new connections travel too. */
async function reachesAll(from: Driver, others: Driver[], text: string, limitMs: number): Promise<number> {
  const sent = Date.now();
  let last = 0;
  await until(async () => {
    if (Date.now() - last > 2_000) {
      last = Date.now();
      await from.publish(text);
    }
    const got = await Promise.all(others.map((other) => other.received()));
    return got.every((messages) => text in messages);
  }, limitMs);
  const got = await Promise.all(others.map((other) => other.received()));
  return Math.max(...got.map((messages) => messages[text]!)) - sent;
}

describe.skipIf(why !== null)('on links of 100 ms, 2 % loss and 10 Mbit/s', () => {
  test('the wire does what it says: delay, loss, rate and partition', async () => {
    const on = await create({ a: HOME, b: { delayMs: 50 } });
    const ping = (count: number) =>
      new Promise<number>((resolve) => {
        const script = `
          const s = require('node:dgram').createSocket('udp4');
          let got = 0; const sent = performance.now(); let first;
          s.on('message', () => { first ??= performance.now() - sent; got++; });
          let left = ${count};
          const send = () => {
            for (let i = 0; i < 10 && left-- > 0; i++) s.send('x', 5001, '${on.address('b')}');
            if (left > 0) setTimeout(send, 10);
          };
          s.bind(5000, send);
          setTimeout(() => { console.log(JSON.stringify([got, first ?? 0])); process.exit(); }, 3000);`;
        const child = on.spawn('a', process.execPath, ['-e', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout?.on('data', (text) => {
          out += text;
        });
        child.once('exit', () => {
          const [got, first] = JSON.parse(out) as [number, number];
          if (count === 1 && got === 1) expect(first).toBeGreaterThan(149);
          resolve(got);
        });
      });
    const echo = on.spawn('b', process.execPath, [
      '-e',
      `const s = require('node:dgram').createSocket('udp4'); s.bind(5001);
       s.on('message', (m, from) => s.send(m, from.port, from.address));`,
    ]);
    await sleep(500);
    await ping(1);
    const got = await ping(1_000);
    say(`${got} of 1000 packets came back over one lossy link (980 expected)`);
    expect(got).toBeGreaterThan(940);
    expect(got).toBeLessThan(1_000);
    await on.partition([['a'], ['b']]);
    expect(await ping(50)).toBe(0);
    await on.heal();
    expect(await ping(50)).toBeGreaterThan(40);
    echo.kill();
  });

  test('gossip reaches all, payloads arrive whole, and a partition heals', async () => {
    const on = await create({ hub: HOSTED, a: HOME, b: HOME, c: HOME, d: HOME });
    const hub = await start('hub');
    const bootstrap = [`/ip4/${on.address('hub')}/tcp/4011/p2p/${hub.peerId}`];
    const nodes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => start(name, { bootstrap })));
    // Public addresses of its own are announced without waiting for anyone to confirm them.
    expect(hub.addresses).toEqual(bootstrap);
    const [a, b, c, d] = nodes as [Driver, Driver, Driver, Driver];
    const all = [hub, ...nodes];
    for (const x of all) for (const y of all) if (x !== y) await x.learn(y);
    say(`a message reached all five in ${seconds(await reachesAll(a, [hub, b, c, d], 'before', 30_000))}`);

    const size = 2_000_000;
    const cid = await a.put(size, 1);
    const alone = await b.get(cid, [a], 120_000);
    expect(alone.sha256).toBe(digestOf(size, 1));
    say(`2 MB from one holder in ${seconds(alone.ms)} (1.6 s at 10 Mbit/s without loss)`);
    const both = await c.get(cid, [a, b], 120_000);
    expect(both.sha256).toBe(digestOf(size, 1));
    say(`2 MB from two holders in ${seconds(both.ms)}`);

    await on.partition([
      ['hub', 'a', 'b'],
      ['c', 'd'],
    ]);
    const later = await a.put(size, 2);
    const across = d.get(later, [a], 120_000);
    const within = await b.get(later, [a], 60_000);
    expect(within.sha256).toBe(digestOf(size, 2));
    await a.publish('said in the partition');
    await sleep(PARTITION_MS);
    expect(await d.received()).not.toHaveProperty('said in the partition');
    await on.heal();
    const healed = performance.now();
    expect((await across).sha256).toBe(digestOf(size, 2));
    say(`a payload asked for during the partition came ${seconds(performance.now() - healed)} after it`);
    say(
      `a message crossed ${seconds(await reachesAll(d, [hub, a, b, c], 'after', 90_000))} after being sent again`,
    );
    const stats = await on.stats();
    say(`packets of a: ${JSON.stringify(stats.a)}`);
    expect(stats.a!.lost).toBeGreaterThan(0);
    for (const node of all) await node.close();
  });
});

describe.skipIf(why !== null)('connections that outlived a cut of the links', () => {
  test('are replaced soon after its end: every peer is asked and answers again', async () => {
    const on = await create({ hub: HOSTED, a: HOME, b: HOME, c: HOME, d: HOME });
    const hub = await start('hub');
    const bootstrap = [`/ip4/${on.address('hub')}/tcp/4011/p2p/${hub.peerId}`];
    const nodes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => start(name, { bootstrap })));
    const all = [hub, ...nodes];
    const [a, b, c, d] = nodes as [Driver, Driver, Driver, Driver];
    for (const x of all) for (const y of all) if (x !== y) await x.learn(y);
    for (const x of all) for (const y of all) if (x !== y) await x.echo(y);
    const sides = [
      [hub, a, b],
      [c, d],
    ] as const;
    const across = [sides, sides.toReversed()].flatMap(([from, to]) =>
      from!.flatMap((x) => to!.map((y) => [x, y] as const)),
    );
    await on.partition([
      ['hub', 'a', 'b'],
      ['c', 'd'],
    ]);
    await sleep(PARTITION_MS);
    await on.heal();
    const took = await Promise.all(
      across.map(([x, y]) =>
        until(
          () =>
            x.echo(y, 2_000).then(
              () => true,
              () => false,
            ),
          90_000,
        ),
      ),
    );
    say(`after a cut of 30 s peers answered again in ${took.map(seconds).join(', ')}`);
    expect(Math.max(...took)).toBeLessThan(RECONNECTED_MS);
    for (const node of all) await node.close();
  });
});

describe.skipIf(why !== null)('a node behind a NAT', () => {
  test('is reached through a relay by one behind another NAT: requests, gossip and a payload', async () => {
    const on = await create({ relay: HOSTED, in1: { ...HOME, nat: true }, in2: { ...HOME, nat: true } });
    const relay = await start('relay', { relayServer: true });
    const bootstrap = [`/ip4/${on.address('relay')}/tcp/4011/p2p/${relay.peerId}`];
    const options = { bootstrap, relayClient: true };
    const [hidden, other] = [await start('in1', options), await start('in2', options)];
    const refused = on.spawn('relay', process.execPath, [
      '-e',
      `const s = require('node:net').connect(4011, '${on.address('in1')}');
       s.setTimeout(3000, () => process.exit(1)); s.on('error', () => process.exit(1)); s.on('connect', () => process.exit(0));`,
    ]);
    const [code] = (await once(refused, 'exit')) as [number];
    expect(code, 'no one gets in from outside').toBe(1);
    await until(async () => {
      await hidden.refresh();
      return hidden.addresses.some((address) => address.includes('/p2p-circuit'));
    }, 30_000);
    const relayed = hidden.addresses.find((address) => address.includes('/p2p-circuit'))!;
    say(`reserved a place: ${relayed.replace(/12D3KooW\w+/g, '12D3…')}`);
    await other.connect(relayed);
    say(`a request through the relay took ${seconds(await other.echo(hidden))}`);
    await reachesAll(other, [hidden], 'from one home to another', 30_000);
    const size = 1_500_000;
    const got = await other.get(await hidden.put(size, 3), [hidden], 180_000);
    expect(got.sha256).toBe(digestOf(size, 3));
    say(`1.5 MB through the relay in ${seconds(got.ms)}`);
    expect((await other.stats()).connections.relayed).toBeGreaterThan(0);
    for (const node of [hidden, other, relay]) await node.close();
  });

  test('dials out and is then served and asked over its own connection', async () => {
    const on = await create({ open: HOSTED, hidden: { ...HOME, nat: true } });
    const open = await start('open');
    const hidden = await start('hidden', {
      bootstrap: [`/ip4/${on.address('open')}/tcp/4011/p2p/${open.peerId}`],
    });
    await until(async () => (await open.refresh()).peers.includes(hidden.peerId), 20_000);
    await open.echo(hidden);
    const size = 500_000;
    const got = await open.get(await hidden.put(size, 4), [hidden], 60_000);
    expect(got.sha256).toBe(digestOf(size, 4));
    for (const node of [open, hidden]) await node.close();
  });
});
