import { resolve } from 'node:path';
import { type Attack, attackSchema } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { parseSplit, type Split } from '@chorus/training';

/** What `chorus demo` is asked to do, checked. */
export interface DemoOptions {
  /** Processes in all: trainers, and validators that are candidates to aggregate as well. */
  nodes: number;
  rounds: number;
  /** Folder with training and test data; generated digits where absent. */
  data: string | null;
  split: Split;
  attack: Attack;
  attackers: number;
  seed: number;
  model: 'mlp' | 'cnn' | '2nn';
  json: boolean;
  /** Keep the network's folder: chain, blocks and nodes, for `proof`, `why` and `model`. */
  keep: boolean;
  /** Where the network's folder is made; a temporary one where null. */
  folder: string | null;
  /** Deadline of training and committing, seconds; null: what suits this machine. */
  commitSeconds: number | null;
  /** Kill the drawn aggregator in round 2 and a validator in round 3, and start them again. */
  chaos: boolean;
}

/** Command-line words, as commander gives them. */
export interface RawDemoOptions {
  nodes: string;
  rounds: string;
  data?: string;
  split: string;
  attack: string;
  attackers: string;
  seed: string;
  model: string;
  json?: boolean;
  keep?: boolean | string;
  commitSeconds?: string;
  chaos?: boolean;
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ChorusError('E_USAGE', `--${name} must be an integer from ${min} to ${max}`, {
    facts: { given: text },
  });
}

/** @throws ChorusError `E_USAGE` naming the option */
export function parseDemoOptions(raw: RawDemoOptions): DemoOptions {
  const chaos = raw.chaos ?? false;
  const nodes = integer('nodes', raw.nodes, chaos ? 5 : 4, 19);
  const attack = attackSchema.safeParse(raw.attack);
  if (!attack.success) {
    throw new ChorusError('E_USAGE', `--attack must be one of ${attackSchema.options.join(', ')}`, {
      facts: { given: raw.attack },
    });
  }
  if (raw.model !== 'mlp' && raw.model !== 'cnn' && raw.model !== '2nn') {
    throw new ChorusError('E_USAGE', '--model must be mlp, cnn or 2nn', { facts: { given: raw.model } });
  }
  return {
    nodes,
    rounds: integer('rounds', raw.rounds, 1, 200),
    data: raw.data ?? null,
    split: parseSplit(raw.split),
    attack: attack.data,
    attackers: integer('attackers', raw.attackers, 0, trainerCount({ nodes, chaos }) - 1),
    seed: integer('seed', raw.seed, 0, 2 ** 31 - 1),
    model: raw.model,
    json: raw.json ?? false,
    keep: raw.keep !== undefined && raw.keep !== false,
    folder: typeof raw.keep === 'string' ? resolve(raw.keep) : null,
    commitSeconds:
      raw.commitSeconds === undefined ? null : integer('commit-seconds', raw.commitSeconds, 2, 3600),
    chaos,
  };
}

/** What decides how many nodes validate. */
type CommitteeOptions = Pick<DemoOptions, 'nodes' | 'chaos'>;

/** Two validators; three where there are enough nodes, or one is to die: a majority goes on without it. */
export function validatorCount({ nodes, chaos }: CommitteeOptions): number {
  return nodes >= 8 || chaos ? 3 : 2;
}

export function trainerCount(options: CommitteeOptions): number {
  return options.nodes - validatorCount(options);
}
