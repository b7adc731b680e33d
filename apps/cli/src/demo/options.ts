import { resolve } from 'node:path';
import { ChorusError, type RuleName, type Terms } from '@chorus/protocol';
import { ATTACKS, type Attack, attackSchema, namesOf } from '@chorus/service-training';
import { parseSplit, type Split } from '@chorus/training';
import type { DataFlags } from '../options/data.ts';
import { integer } from '../options/numbers.ts';
import { privacyTerm } from '../task-request/privacy.ts';
import { ruleNamed } from '../task-request/request.ts';

/** The shortest phase that the contracts of a new chain accept (`IParameters.minPhaseSeconds`). */
const LEAST_PHASE_SECONDS = 5;

/** The checked options of `chorus demo`. */
export interface DemoOptions {
  /** Total number of processes: trainers, and validators, which are also candidates to aggregate. */
  nodes: number;
  rounds: number;
  /** Folder with training and test data; generated digits if absent. */
  data: string | null;
  /** How to read that data; checked when it is read. */
  reading: DataFlags;
  split: Split;
  attack: Attack;
  attackers: number;
  rule: RuleName;
  seed: number;
  model: 'mlp' | 'cnn' | '2nn';
  /** Train adapters of a language model instead: of a GGUF file, or of a tiny model if `file` is null. */
  llm: { file: string | null } | null;
  /** Noise and clipping of the training; null: neither. */
  privacy: NonNullable<Terms['privacy']> | null;
  json: boolean;
  /** Keep the network's folder: chain, blocks and nodes, for `proof`, `why` and `model`. */
  keep: boolean;
  /** Go on after the end, with the web page of a node. */
  page: boolean;
  /** Path of the network's folder; null: a temporary folder. */
  folder: string | null;
  /** Deadline for training and committing, seconds; null: chosen for this machine. */
  commitSeconds: number | null;
  /** Deadline for joining, seconds; null: chosen for this machine. */
  joinSeconds: number | null;
  /** Deadline of each candidate in turn to settle, seconds; null: chosen for this machine. */
  settleSeconds: number | null;
  /** Kill the drawn aggregator in round 2 and a validator in round 3, and start them again. */
  chaos: boolean;
  /** After the last round, serve the trained model as an agent, and call it. */
  agents: boolean;
}

/** Command-line words, as commander gives them. */
export interface RawDemoOptions extends DataFlags {
  nodes?: string;
  rounds?: string;
  data?: string;
  split: string;
  attack: string;
  attackers?: string;
  llm?: string | true;
  rule?: string;
  seed: string;
  model: string;
  privacy?: string | true;
  json?: boolean;
  keep?: boolean | string;
  page?: boolean;
  commitSeconds?: string;
  joinSeconds?: string;
  settleSeconds?: string;
  chaos?: boolean;
  agents?: boolean;
}

/** @throws ChorusError `E_USAGE` naming the option */
export function parseDemoOptions(raw: RawDemoOptions): DemoOptions {
  const chaos = raw.chaos ?? false;
  const llm = raw.llm === undefined ? null : { file: raw.llm === true ? null : resolve(raw.llm) };
  const usual = llm ? USUAL.llm : USUAL.classifier;
  const nodes = integer('nodes', raw.nodes ?? usual.nodes, validatorCount({ llm }) + 2, 19);
  if (llm && raw.privacy !== undefined) {
    throw new ChorusError('E_USAGE', '--privacy is not available for language models yet', {
      hint: 'leave it out, or train another model',
    });
  }
  const attack = attackSchema.safeParse(raw.attack);
  if (!attack.success) {
    throw new ChorusError('E_USAGE', `--attack must be one of ${ATTACKS.join(', ')}`, {
      facts: { given: raw.attack },
    });
  }
  if (raw.model !== 'mlp' && raw.model !== 'cnn' && raw.model !== '2nn') {
    throw new ChorusError('E_USAGE', '--model must be mlp, cnn or 2nn', { facts: { given: raw.model } });
  }
  const json = raw.json ?? false;
  if (json && raw.page) {
    throw new ChorusError('E_USAGE', '--page shows an address after the summary, which --json leaves out', {
      hint: 'leave out one of the two',
    });
  }
  const keep = raw.keep !== undefined && raw.keep !== false;
  return {
    nodes,
    rounds: integer('rounds', raw.rounds ?? usual.rounds, 1, 200),
    data: raw.data ?? null,
    reading: raw,
    split: parseSplit(raw.split),
    attack: attack.data,
    attackers: attackerCount(raw.attackers ?? usual.attackers, attack.data, { nodes, llm }),
    rule: ruleNamed(raw.rule ?? 'reference-projection'),
    seed: integer('seed', raw.seed, 0, 2 ** 31 - 1),
    model: raw.model,
    llm,
    privacy: raw.privacy === undefined ? null : privacyTerm(raw.privacy),
    json,
    keep,
    // A program that reads the result waits for the end.
    page: raw.page ?? (keep && !json && process.stdout.isTTY === true),
    folder: typeof raw.keep === 'string' ? resolve(raw.keep) : null,
    commitSeconds: phase('commit-seconds', raw.commitSeconds),
    joinSeconds: phase('join-seconds', raw.joinSeconds),
    settleSeconds: phase('settle-seconds', raw.settleSeconds),
    chaos,
    agents: raw.agents ?? true,
  };
}

const phase = (name: string, given: string | undefined): number | null =>
  given === undefined ? null : integer(name, given, LEAST_PHASE_SECONDS, 3600);

/**
 * Attackers among the trainers, at least one of whom is honest; an attack under several names takes that number of
 * them.
 */
function attackerCount(given: string, attack: Attack, options: Pick<DemoOptions, 'nodes' | 'llm'>): number {
  const trainers = trainerCount(options);
  const several = namesOf(attack);
  const asked = integer('attackers', given, 0, trainers - 1);
  if (!several || asked === 0) return asked;
  if (several.names < trainers) return several.names;
  throw new ChorusError('E_USAGE', '--attack needs more nodes: one trainer must be honest', {
    facts: { names: several.names, trainers },
    hint: `use --nodes ${validatorCount(options) + several.names + 1} or more`,
  });
}

/** One for each group of references; if one is missing, the majority continues. */
const VALIDATORS = 3;

/** Defaults. Every process of a language model takes some gigabytes: there are fewer, and one validator is trusted. */
const USUAL = {
  classifier: { nodes: '7', rounds: '5', attackers: '1' },
  llm: { nodes: '4', rounds: '2', attackers: '0' },
};

/** Number of processes that validate. */
export function validatorCount({ llm }: Pick<DemoOptions, 'llm'>): number {
  return llm ? 1 : VALIDATORS;
}

export function trainerCount({ nodes, llm }: Pick<DemoOptions, 'nodes' | 'llm'>): number {
  return nodes - validatorCount({ llm });
}
