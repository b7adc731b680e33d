import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStore } from '@chorus/node';
import { it } from 'vitest';
import { AGENTS_MIGRATIONS } from '../store/agent-records.ts';
import { findAgents } from './find-agents.ts';
import { Listings } from './listings.ts';

const AGENTS = [1_000, 4_000];
const SEARCHES = 50;
const WORDS =
  'harbour ferry tide weather digits translate invoice market proof garden city music law ship'.split(' ');

/** Text of a card: a few sentences in which the words occur as often as in others. */
const sentence = (n: number, words: number) =>
  Array.from({ length: words }, (_, i) => WORDS[(n * 7 + i * 13 + ((n * i) % 5)) % WORDS.length]).join(' ');

it.for(AGENTS)(
  'a search among %i agents, against a loop over their texts',
  { timeout: 300_000 },
  async (count) => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-bench-'));
    const store = NodeStore.open(folder);
    store.migrate('agents', AGENTS_MIGRATIONS);
    const listings = new Listings(store);
    const now = Math.floor(Date.now() / 1_000);
    const began = performance.now();
    for (let n = 0; n < count; n++) {
      const listing = {
        title: `Agent ${n} ${sentence(n, 2)}`,
        description: sentence(n, 40),
        version: '1.0.0',
        skills: [{ id: 'ask', name: 'ask', description: sentence(n, 12), tags: [WORDS[n % WORDS.length]!] }],
        owner: `0x${'1'.repeat(40)}`,
        wallet: null,
        price: null,
        url: 'libp2p://k51/agents/a/',
        addresses: [],
        card: '00'.repeat(32),
        latencyMs: n % 500,
      };
      listings.put({
        agentId: BigInt(n),
        peerId: `peer-${n % 50}`,
        issuedAt: now,
        expiresAt: now + 900,
        beacon: new Uint8Array(300),
        listing,
        probedAt: Date.now(),
        problem: null,
      });
    }
    const filled = performance.now() - began;
    const texts = listings.find([], now, count).map(({ listing }) => JSON.stringify(listing).toLowerCase());
    const search = (text: string) =>
      findAgents(listings, { text, limit: 20 }, { tokens: [], token: null, most: null, now: Date.now() })
        .agents.length;
    const loop = (text: string) =>
      texts.filter((each) => text.split(' ').some((word) => each.includes(word))).length;
    const times = Array.from({ length: SEARCHES }, (_, i) => {
      const text = `${WORDS[i % WORDS.length]} ${WORDS[(i * 3 + 1) % WORDS.length]}`;
      return [search, loop].map((run) => {
        const start = performance.now();
        run(text);
        return performance.now() - start;
      }) as [number, number];
    });
    const median = (at: 0 | 1) => times.map((pair) => pair[at]).toSorted((a, b) => a - b)[SEARCHES / 2]!;
    process.stdout.write(
      `${count} agents: filled in ${filled.toFixed(0)} ms; a search ${median(0).toFixed(1)} ms, ` +
        `slowest ${Math.max(...times.map(([one]) => one)).toFixed(1)} ms; a loop ${median(1).toFixed(1)} ms\n`,
    );
    store.close();
    await rm(folder, { recursive: true, force: true });
  },
);
