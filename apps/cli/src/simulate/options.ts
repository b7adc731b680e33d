import { availableParallelism } from 'node:os';
import { ChorusError, hasGroups, RULE_NAMES } from '@chorus/protocol';
import { ATTACKS, type Attack, attackSchema, namesOf } from '@chorus/service-training';
import type { Scoring } from '@chorus/simulation';
import { MODEL_NAMES, type ModelName, parseSplit, type Split } from '@chorus/training';
import type { DataFlags } from '../options/data.ts';
import { integer } from '../options/numbers.ts';

/** Maximum number of trainers of a task. */
const MAX_COMMITTEE = 16;
const SCORINGS: readonly string[] = [...RULE_NAMES, 'fedavg'];

/** The checked options of `chorus simulate`. */
export interface SimulateOptions {
  /** Folder with training and test data; generated digits if absent. */
  data: string | null;
  /** How to read that data. */
  reading: DataFlags;
  clients: number;
  committee: number;
  validators: number;
  rounds: number;
  split: Split;
  attack: Attack | null;
  attackers: number;
  scoring: Scoring;
  noveltyOff: boolean;
  model: ModelName;
  seeds: number[];
  workers: number;
  shapley: boolean;
  /** Also simulate federated averaging without attackers, for comparison. */
  baseline: boolean;
  /** File for a JSON line a round. */
  out: string | null;
  json: boolean;
}

/** Command-line words, as commander gives them. */
export interface RawSimulateOptions extends DataFlags {
  data?: string;
  clients: string;
  committee: string;
  validators: string;
  rounds: string;
  split: string;
  attack?: string;
  attackers?: string;
  rule: string;
  novelty: boolean;
  model: string;
  seeds: string;
  workers?: string;
  shapley?: boolean;
  baseline?: boolean;
  out?: string;
  json?: boolean;
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found) return found;
  throw new ChorusError('E_USAGE', `--${name} must be one of ${known.join(', ')}`, {
    facts: { given: text },
  });
}

/** @throws ChorusError `E_USAGE` naming the option */
export function parseSimulateOptions(raw: RawSimulateOptions): SimulateOptions {
  const clients = integer('clients', raw.clients, 2, 10_000);
  const attack = raw.attack === undefined ? null : attackSchema.safeParse(raw.attack);
  if (attack && !attack.success) {
    throw new ChorusError('E_USAGE', `--attack must be one of ${ATTACKS.join(', ')}`, {
      facts: { given: raw.attack! },
    });
  }
  const scoring = oneOf('rule', raw.rule, SCORINGS) as Scoring;
  if (!raw.novelty && (scoring === 'fedavg' || !hasGroups(scoring))) {
    throw new ChorusError('E_USAGE', '--no-novelty needs the rule reference-projection');
  }
  const seeds = raw.seeds.split(',').map((seed) => integer('seeds', seed, 0, 2 ** 31 - 1));
  return {
    data: raw.data ?? null,
    reading: raw,
    clients,
    committee: integer('committee', raw.committee, 1, MAX_COMMITTEE),
    validators: integer('validators', raw.validators, 1, 15),
    rounds: integer('rounds', raw.rounds, 1, 4096),
    split: parseSplit(raw.split),
    attack: attack?.data ?? null,
    attackers: attackersOf(raw, attack?.data ?? null, clients),
    scoring,
    noveltyOff: !raw.novelty,
    model: oneOf('model', raw.model, MODEL_NAMES),
    seeds,
    workers: integer('workers', raw.workers ?? String(availableParallelism()), 1, 256),
    shapley: raw.shapley ?? false,
    baseline: raw.baseline ?? false,
    out: raw.out ?? null,
    json: raw.json ?? false,
  };
}

/** Default number of attackers: a third of the clients, or the number of names of an attack under several names. */
function attackersOf(raw: RawSimulateOptions, attack: Attack | null, clients: number): number {
  if (!attack) {
    if (raw.attackers === undefined) return 0;
    throw new ChorusError('E_USAGE', '--attackers needs --attack', {
      hint: `also give --attack: ${ATTACKS.join(', ')}`,
    });
  }
  const names = namesOf(attack)?.names;
  const given = integer(
    'attackers',
    raw.attackers ?? String(names ?? Math.floor(0.3 * clients)),
    1,
    clients - 1,
  );
  if (names !== undefined && given !== names) {
    throw new ChorusError('E_USAGE', `--attackers does not go with --attack ${attack}`, {
      facts: { names, given },
      hint: 'omit --attackers: the attack defines the number of names',
    });
  }
  return given;
}
