import { type Outcome, type PartyResult, simulate, TERMS, TOKEN } from './economy.ts';
import {
  copies,
  honest,
  labelFlipper,
  little,
  noiseRider,
  rarely,
  replayRider,
  type Strategy,
  split,
  vanished,
  whisperer,
} from './strategies.ts';

/** Sixteen places: the largest committee. */
const PLACES = 16;
/** Rounds of the side experiments, which vary one thing. */
const SHORT = 200;

export const POPULATION: readonly Strategy[] = [
  honest,
  honest,
  honest,
  honest,
  honest,
  little(0.1),
  rarely(0.6),
  vanished,
  noiseRider,
  replayRider,
  labelFlipper,
  copies(2),
  split(3),
];

export interface Income {
  strategy: string;
  identities: number;
  parties: number;
  /** Tokens per round and party. */
  earned: number;
  training: number;
  gas: number;
  capital: number;
  slashed: number;
  net: number;
  curve: number[];
}

export interface Figures {
  mixed: { incomes: Income[]; ledger: Outcome['ledger'] };
  /** One trainer of sixteen does `work` units in place of 1. */
  effort: { work: number; earned: number; net: number; breakEven: number | null }[];
  /** One party of many identities among honest ones. */
  identities: { identities: number; copies: number; split: number; perExtra: number; stakeNeeded: number }[];
  /** A trainer that commits the last aggregate, by how much of a round's signal is still there in the next. */
  replay: { persistence: number; relative: number; netRelative: number }[];
  /** A trainer that knows the reference, against an honest one. */
  whisper: { relative: number; netRelative: number };
}

const perRound = (amount: bigint, rounds: number): number =>
  Number((amount * 10_000n) / TOKEN) / 10_000 / rounds;

/** The mean over the parties of each strategy. */
function incomes(results: readonly PartyResult[], rounds: number): Income[] {
  const names = [...new Set(results.map((r) => r.strategy))];
  return names.map((strategy) => {
    const same = results.filter((r) => r.strategy === strategy);
    const mean = (field: 'earned' | 'training' | 'gas' | 'capital' | 'slashed' | 'net'): number =>
      perRound(
        same.reduce((sum, r) => sum + r[field], 0n),
        rounds * same.length,
      );
    return {
      strategy,
      identities: same[0]!.identities,
      parties: same.length,
      earned: mean('earned'),
      training: mean('training'),
      gas: mean('gas'),
      capital: mean('capital'),
      slashed: mean('slashed'),
      net: mean('net'),
      curve: same[0]!.curve.map((_, t) => same.reduce((sum, r) => sum + r.curve[t]!, 0) / same.length),
    };
  });
}

/** One party among honest ones that fill the other places. */
function among(party: Strategy, changes: { persistence?: number } = {}): { party: Income; honest: Income } {
  const others = Array.from({ length: PLACES - party.identities }, () => honest);
  const probe = { ...party, name: 'probe' };
  const { parties } = simulate([probe, ...others], { ...TERMS, rounds: SHORT, ...changes });
  const [first, rest] = incomes(parties, SHORT);
  return { party: first!, honest: rest! };
}

/** Every number of the page, from the simulation. Takes some seconds. */
export function computeFigures(): Figures {
  const mixed = simulate(POPULATION, TERMS);
  const full = among(honest).party;
  const effort = [0.05, 0.1, 0.25, 0.5, 1, 2].map((work) => {
    const { party } = among(little(work));
    // Where the two incomes are equal: earned(1) - cost = earned(work) - work * cost.
    const breakEven = work === 1 ? null : (full.earned - party.earned) / (1 - work) / full.earned;
    return { work, earned: party.earned, net: party.net, breakEven };
  });
  const identities = [1, 2, 4, 8].map((count) => {
    const [copied, divided] = [among(copies(count)).party, among(split(count)).party];
    const best = Math.max(copied.net, divided.net);
    const perExtra = count === 1 ? 0 : (best - full.net) / (count - 1);
    // The stake whose cost of capital is the gain of one more identity; what is locked already is paid for.
    const stakeNeeded = count === 1 ? 0 : perExtra / TERMS.capitalCost + TERMS.stake;
    return { identities: count, copies: copied.net, split: divided.net, perExtra, stakeNeeded };
  });
  const replay = [0, 0.3, 0.6, 0.9].map((persistence) => {
    const { party, honest: others } = among(replayRider, { persistence });
    return { persistence, relative: party.earned / others.earned, netRelative: party.net / others.net };
  });
  const { party: told, honest: others } = among(whisperer);
  const whisper = { relative: told.earned / others.earned, netRelative: told.net / others.net };
  return {
    mixed: { incomes: incomes(mixed.parties, TERMS.rounds), ledger: mixed.ledger },
    effort,
    identities,
    replay,
    whisper,
  };
}
