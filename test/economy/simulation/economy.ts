import { gramMatrix, referenceTrust } from '@chorus/aggregation';
import { referenceNorm, SHARE_ONE } from '@chorus/protocol';
import type { Strategy } from './strategies.ts';
import { DIMENSION, encode, mix, unit, type Vector, World } from './updates.ts';

/** One token in its smallest unit. */
export const TOKEN = 10n ** 18n;

/** Parts of a token, for costs that are given with decimals. */
export const tokens = (amount: number): bigint => (BigInt(Math.round(amount * 1e9)) * TOKEN) / 10n ** 9n;

/** What the simulated task and its surroundings cost. Amounts are tokens; gas is paid in them at `gasPrice`. */
export interface Terms {
  rounds: number;
  /** Escrowed for each round. */
  roundBudget: number;
  protocolFeeBps: number;
  aggregatorFeeBps: number;
  validatorFeeBps: number;
  /** Locked of each identity. */
  stake: number;
  /** Of the stake, for each round without a commitment. */
  trainerAbsenceBps: number;
  /** Of a slash, to the reporter and burned; the rest goes to the task's budget. What absence costs is burned. */
  slashReporterBps: number;
  slashBurnBps: number;
  /** Of one unit of training work: electricity, hardware. */
  trainingCost: number;
  /** Of one unit of gas. */
  gasPrice: number;
  gas: { join: number; commit: number; claim: number };
  /** Rounds between two claims. */
  claimEvery: number;
  /** What locked stake would have earned elsewhere, per round. */
  capitalCost: number;
  validators: number;
  /** Cosine between one round's signal and the next one's. */
  persistence: number;
  seed: number;
}

export const TERMS: Terms = {
  rounds: 1000,
  roundBudget: 100,
  protocolFeeBps: 100,
  aggregatorFeeBps: 300,
  validatorFeeBps: 600,
  stake: 100,
  trainerAbsenceBps: 100,
  slashReporterBps: 0,
  slashBurnBps: 10_000,
  trainingCost: 2,
  // 0.1 gwei and a native coin worth 600 tokens.
  gasPrice: 6e-8,
  gas: { join: 350_000, commit: 61_000, claim: 90_000 },
  claimEvery: 16,
  // 10 % a year, in rounds of ten minutes.
  capitalCost: 0.1 / 52_560,
  validators: 3,
  persistence: 0.3,
  seed: 1,
};

export interface PartyResult {
  strategy: string;
  identities: number;
  /** Tokens in their smallest unit, over all rounds and identities. */
  earned: bigint;
  slashed: bigint;
  training: bigint;
  gas: bigint;
  capital: bigint;
  net: bigint;
  /** Net income so far after each round, in whole tokens and parts. */
  curve: number[];
}

export interface Outcome {
  parties: PartyResult[];
  /** Escrow in, and everything that came of it: equal. */
  ledger: Record<
    | 'escrow'
    | 'slashed'
    | 'trainers'
    | 'protocol'
    | 'aggregator'
    | 'validators'
    | 'reporter'
    | 'burned'
    | 'remaining',
    bigint
  >;
}

const part = (amount: bigint, bps: number): bigint => (amount * BigInt(bps)) / 10_000n;

/**
 * Rounds of one task under the integer rule that the chain proves, with integer money as the contracts count it: the
 * budget of a round is an equal part of what is left, fees come first, a share is floor(pool * share / 2^32), and what
 * floors leave stays in the escrow.
 */
export function simulate(strategies: readonly Strategy[], terms: Terms): Outcome {
  const world = new World(terms.seed, terms.persistence);
  const parties = strategies.map((strategy) => ({ strategy, skew: world.direction() }));
  const stakes = strategies.map((s) => Array.from({ length: s.identities }, () => tokens(terms.stake)));
  const results = strategies.map(emptyResult);
  const escrow = tokens(terms.roundBudget) * BigInt(terms.rounds);
  const ledger = {
    escrow,
    slashed: 0n,
    trainers: 0n,
    protocol: 0n,
    aggregator: 0n,
    validators: 0n,
    reporter: 0n,
    burned: 0n,
    remaining: escrow,
  };
  const gasCost = (gas: number): bigint => tokens(gas * terms.gasPrice);
  for (const result of results) result.gas += BigInt(result.identities) * gasCost(terms.gas.join);

  for (let round = 1; round <= terms.rounds; round++) {
    world.turn();
    const sealed = reference(world, terms.validators);
    world.sealed = Float64Array.from(sealed);
    const turns = parties.map((party) => party.strategy.act(world, party));
    const updates = turns.flatMap((turn) => turn.updates);
    const encoded = updates.map((u) => (u === null ? new Int16Array(DIMENSION) : encode(u)));
    const { weights, shares } = referenceTrust(gramMatrix([sealed, ...encoded]));

    const budget = ledger.remaining / BigInt(terms.rounds - round + 1);
    const [protocol, aggregator] = [part(budget, terms.protocolFeeBps), part(budget, terms.aggregatorFeeBps)];
    const perValidator = part(budget, terms.validatorFeeBps) / BigInt(terms.validators);
    const validators = perValidator * BigInt(terms.validators);
    const pool = budget - protocol - aggregator - validators;
    ledger.protocol += protocol;
    ledger.aggregator += aggregator;
    ledger.validators += validators;
    ledger.remaining -= protocol + aggregator + validators;

    let row = 0;
    for (const [p, turn] of turns.entries()) {
      const result = results[p]!;
      result.training += tokens(terms.trainingCost * turn.work);
      for (const [k, update] of turn.updates.entries()) {
        const reward = (pool * BigInt(shares[row++]!)) / BigInt(SHARE_ONE);
        result.earned += reward;
        ledger.trainers += reward;
        ledger.remaining -= reward;
        if (update !== null) result.gas += gasCost(terms.gas.commit);
        if (round % terms.claimEvery === 0) result.gas += gasCost(terms.gas.claim);
        result.capital += tokens(terms.stake * terms.capitalCost);
        if (update === null) slash(p, k);
      }
      result.net = result.earned - result.slashed - result.training - result.gas - result.capital;
      result.curve.push(Number(result.net / 10n ** 15n) / 1000);
    }
    world.previous = aggregateDirection(updates, weights);
  }
  return { parties: results, ledger };

  /** The stake contract takes what is left of a lock, never more. */
  function slash(p: number, k: number): void {
    const wanted = part(tokens(terms.stake), terms.trainerAbsenceBps);
    const left = stakes[p]![k]!;
    let amount = wanted;
    if (left < amount) amount = left;
    const [reporter, burned] = [part(amount, terms.slashReporterBps), part(amount, terms.slashBurnBps)];
    stakes[p]![k]! -= amount;
    results[p]!.slashed += amount;
    ledger.slashed += amount;
    ledger.reporter += reporter;
    ledger.burned += burned;
    ledger.remaining += amount - reporter - burned;
  }
}

/** The sum of the validators' references, each of the protocol's norm. */
function reference(world: World, validators: number): Int32Array {
  const entry = referenceNorm(DIMENSION) / Math.sqrt(DIMENSION);
  const sum = new Int32Array(DIMENSION);
  for (let v = 0; v < validators; v++) {
    const vector = encode(world.train(world.direction(), 1), entry);
    for (let k = 0; k < DIMENSION; k++) sum[k]! += vector[k]!;
  }
  return sum;
}

function aggregateDirection(updates: readonly (Vector | null)[], weights: readonly number[]): Vector {
  const parts = updates.flatMap((u, i): [Vector, number][] => (u ? [[unit(u), weights[i]!]] : []));
  return unit(mix(...parts));
}

function emptyResult({ name, identities }: Strategy): PartyResult {
  const zero = { earned: 0n, slashed: 0n, training: 0n, gas: 0n, capital: 0n, net: 0n };
  return { strategy: name, identities, ...zero, curve: [] };
}
