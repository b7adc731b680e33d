import { type Dataset, random, type Split, splitIndices, subset } from '@chorus/training';
import type { Behaviour } from './behaviour.ts';

/** One kind of participant. */
export interface Party {
  /** Its name in results. */
  name: string;
  /** Number of its clients. */
  clients: number;
  /** Default: honest. */
  behaviour?: Behaviour;
  /** All its clients hold the same data, like several names of one person. */
  sharesData?: boolean;
  /** Part of its data that each client trains on, in (0, 1]; default: all. */
  dataShare?: number;
}

/** One trainer: a seed and the places of its samples. Its data is copied out only while it trains. */
export interface Client {
  index: number;
  party: Party;
  seed: number;
  indices: Uint32Array;
}

/** The data of each client and validator. No two share a sample, except the names of a party that shares its data. */
export interface Population {
  clients: Client[];
  /** Held-out data of each validator: as much as a trainer has, the same mix of classes for each. */
  heldOut: Dataset[];
}

export interface PopulationOptions {
  train: Dataset;
  parties: readonly Party[];
  validators: number;
  split: Split;
  seed: number;
}

/** Divide data among validators and clients. Deterministic by seed. */
export function populate({ train, parties, validators, split, seed }: PopulationOptions): Population {
  const places = parties.reduce((sum, party) => sum + (party.sharesData ? 1 : party.clients), 0);
  const pieces = splitIndices(train.labels, validators + places, { kind: 'iid' }, seed);
  const heldOut = pieces.slice(0, validators).map((indices) => subset(train, indices));
  const rest = Uint32Array.from(pieces.slice(validators).flatMap((piece) => [...piece]));
  const labels = Int32Array.from(rest, (at) => train.labels[at]!);
  const parts = splitIndices(labels, places, split, seed).map((part) => part.map((at) => rest[at]!));
  const clients: Client[] = [];
  let next = 0;
  for (const party of parties) {
    const shared = party.sharesData ? parts[next++]! : null;
    for (let k = 0; k < party.clients; k++) {
      const indices = some(shared ?? parts[next++]!, party.dataShare ?? 1);
      const index = clients.length;
      clients.push({ index, party, seed: seed * 100_003 + index, indices });
    }
  }
  return { clients, heldOut };
}

/** The first part of samples in random order; at least one. */
function some(indices: Uint32Array, share: number): Uint32Array {
  if (!(share > 0 && share <= 1)) throw new RangeError(`a client trains on ${share} of its data`);
  return indices.slice(0, Math.max(1, Math.round(share * indices.length)));
}

/** The clients of one round's committee, in rising order; all clients if there are no more than that. */
export function drawCommittee(
  clients: readonly Client[],
  size: number,
  seed: number,
  round: number,
): Client[] {
  if (clients.length <= size) return [...clients];
  const stream = random(seed, 2, round);
  const pool = clients.map(({ index }) => index);
  const drawn: number[] = [];
  while (drawn.length < size) drawn.push(...pool.splice(stream.below(pool.length), 1));
  return drawn.sort((a, b) => a - b).map((index) => clients[index]!);
}
