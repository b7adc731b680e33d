import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeStore } from '@chorus/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENTS_MIGRATIONS } from '../store/agent-records.ts';
import { type DirectoryEntry, Listings } from './listings.ts';

let folder: string;
let store: NodeStore;
let listings: Listings;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-listings-'));
  store = NodeStore.open(folder);
  store.migrate('agents', AGENTS_MIGRATIONS);
  listings = new Listings(store);
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

const entry: DirectoryEntry = {
  agentId: 7n,
  peerId: 'peer',
  issuedAt: 100,
  expiresAt: 1_000,
  beacon: Uint8Array.of(1),
  listing: {
    title: 'harbour',
    description: 'Knows the ferries',
    version: '1.0',
    skills: [{ id: 'chat', name: 'Talk', description: 'Answers "questions"', tags: ['sea'] }],
    owner: '0x01',
    wallet: null,
    price: null,
    url: 'libp2p://peer/agents/harbour/',
    addresses: ['/ip4/203.0.113.7/tcp/4001'],
    card: '00',
    latencyMs: 5,
  },
  probedAt: 50,
  problem: null,
};
const renewed = { issuedAt: 200, expiresAt: 1_100, beacon: Uint8Array.of(2), addresses: ['/dns/a/tcp/1'] };

describe('a listing', () => {
  it('takes over a later beacon of its card, and what is found by its words is not written again', () => {
    listings.put(entry);
    store.db.prepare("UPDATE agents_directory_text SET title = 'marked' WHERE rowid = 7").run();
    listings.refresh(7n, renewed);
    const { addresses, ...times } = renewed;
    const expected = { ...entry, ...times, listing: { ...entry.listing, addresses } };
    expect(listings.get(7n)).toEqual(expected);
    expect(listings.find(['marked'], 0, 9)).toEqual([{ ...expected, relevance: 1, reputation: null }]);
    expect([...listings.beacons(null, 1_050)]).toEqual([renewed.beacon]);
  });

  it('of an agent that failed its check stays empty with a later beacon', () => {
    listings.put({ ...entry, listing: null, problem: 'E_A2A_CARD: none' });
    listings.refresh(7n, renewed);
    expect(listings.get(7n)).toMatchObject({ issuedAt: 200, listing: null, problem: 'E_A2A_CARD: none' });
    expect(listings.shown(0)).toBe(0);
  });
});
