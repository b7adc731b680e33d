import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Remote, SOURCES, startDriver } from './netns/drivers.ts';

/** 50 nodes with a key, a listener and a gossip mesh each; ten share a process, so that the machine holds them. */
const PROCESSES = 5;
const NODES_PER_PROCESS = 10;
/** Connections each node makes by itself, to others drawn at random. */
const DIALS = 4;
const LIGHT_NODES = fileURLToPath(new URL('./swarm/light-nodes.ts', import.meta.url));

const say = (text: string) => console.info(`scale: ${text}`);

interface Place {
  at: Remote;
  node: number;
  address: string;
}

test('an announcement reaches the last of 50 light nodes in one mesh', async () => {
  const remotes = await Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const args = [...SOURCES, LIGHT_NODES, `${NODES_PER_PROCESS}`];
      const remote = new Remote(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
      await remote.up();
      return remote;
    }),
  );
  const places: Place[] = [];
  for (const at of remotes) {
    const addresses = await at.ask<string[]>('addresses');
    places.push(...addresses.map((address, node) => ({ at, node, address })));
  }
  // The earlier ones dial: everyone is in one mesh whatever is drawn.
  for (const [i, { at, node }] of places.entries()) {
    if (i === 0) continue;
    const to = [
      places[i - 1]!,
      ...Array.from({ length: DIALS - 1 }, () => places[Math.floor(Math.random() * i)]!),
    ];
    await at.ask('connect', { node, to: [...new Set(to.map((place) => place.address))] });
  }
  await sleep(3_000); // several heartbeats, for the mesh to form
  const times: number[] = [];
  for (let i = 0; i < 10; i++) {
    const from = places[(i * 17) % places.length]!;
    const name = `announcement ${i}`;
    const sent = await from.at.ask<number>('publish', { node: from.node, name });
    let arrivals: number[] = [];
    for (let tries = 0; tries < 100 && arrivals.length < places.length - 1; tries++) {
      await sleep(100);
      const got = (await Promise.all(remotes.map((r) => r.ask<Record<string, number>[]>('received')))).flat();
      arrivals = got.flatMap((of) => (of[name] === undefined ? [] : [of[name]]));
    }
    expect(arrivals.length, name).toBe(places.length - 1);
    times.push(Math.max(...arrivals) - sent);
  }
  times.sort((a, b) => a - b);
  const mesh = (await Promise.all(remotes.map((r) => r.ask<number[]>('mesh')))).flat();
  say(
    `${places.length} nodes in ${PROCESSES} processes, ${Math.min(...mesh)} to ${Math.max(...mesh)} mesh neighbours`,
  );
  say(
    `announcement to last node: median ${times[5]} ms, slowest ${times.at(-1)} ms of ${times.length} (aim: 2000 ms)`,
  );
  const resources = await Promise.all(remotes.map((r) => r.ask<{ rss: number }>('resources')));
  const rss = resources.reduce((sum, r) => sum + r.rss, 0) / 1e6;
  say(`${(rss / places.length).toFixed(0)} MB a node, processes shared by ${NODES_PER_PROCESS}`);
  await Promise.all(remotes.map((r) => r.close()));
});

test('an idle node of network and storage, in a process of its own, costs little', async () => {
  const start = () => startDriver(spawn, {});
  const [a, b, c] = [await start(), await start(), await start()];
  await a.connect(b.addresses[0]!);
  await a.connect(c.addresses[0]!);
  await sleep(10_000); // beyond the work of starting
  const before = await a.resources();
  await sleep(20_000);
  const after = await a.resources();
  const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 20_000_000;
  say(
    `idle: ${(after.rss / 1e6).toFixed(0)} MB resident (aim: 150), ${(100 * cpu).toFixed(2)} % of a core (aim: 1)`,
  );
  expect(after.rss).toBeGreaterThan(0);
  for (const node of [a, b, c]) await node.close();
});
