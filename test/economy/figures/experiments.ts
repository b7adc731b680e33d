import type { Attack } from '@chorus/service-training';
import { attackBehaviour, type Party, type Scoring } from '@chorus/simulation';
import { behaviourOf, type Ride } from '../riders/rides.ts';

/** Each is played with each of these. */
export const SPLITS = ['iid', 'dirichlet:0.5', 'shards:2'] as const;
export const SEEDS = [0, 1, 2] as const;
export const ROUNDS = 8;
/** Trainers where nothing else is said: MNIST's 10,000 training digits are 769 for each of them and three validators. */
export const TRAINERS = 10;

export type Table = 'accuracy' | 'attacks' | 'names' | 'effort' | 'shapley';

/** One way to play a task. The first party is what others are compared with. */
export interface Experiment {
  table: Table;
  name: string;
  parties: Party[];
  scoring: Scoring;
  shapley?: boolean;
}

const honest = (clients: number): Party => ({ name: 'honest', clients });
const ATTACKERS = 3;

const ATTACKED: readonly Attack[] = [
  'label',
  'sign',
  'noise',
  'free',
  'alie',
  'minmax',
  'backdoor',
  'replay',
  'replay-aggregate',
  'replay-reference',
  'ace',
];
const RIDES: readonly Ride[] = ['mixture', 'one reference'];

function attack(name: string, behaviour: Party['behaviour'], attackers = ATTACKERS): Experiment {
  return {
    table: 'attacks',
    name,
    scoring: 'reference-projection',
    parties: [
      honest(TRAINERS - attackers),
      { name, clients: attackers, ...(behaviour ? { behaviour } : {}) },
    ],
  };
}

function names(kind: 'copies' | 'split', count: 4 | 8): Experiment {
  const name: Attack = `${kind}:${count}`;
  return {
    table: 'names',
    name,
    scoring: 'reference-projection',
    parties: [honest(8), { name, clients: count, sharesData: true, behaviour: attackBehaviour(name) }],
  };
}

/** What several names are compared with: the same data under one. */
export const ONE_NAME = 'one name';

/** A trainer with this part of the others' data. */
const part = (name: string, dataShare: number): Party => ({ name, clients: 1, dataShare });

export const EXPERIMENTS: readonly Experiment[] = [
  { table: 'accuracy', name: 'fedavg', scoring: 'fedavg', parties: [honest(TRAINERS)] },
  {
    table: 'accuracy',
    name: 'reference-projection',
    scoring: 'reference-projection',
    parties: [honest(TRAINERS)],
  },
  {
    table: 'accuracy',
    name: 'fedavg of the honest seven',
    scoring: 'fedavg',
    // The other three send nothing that weighs: what their data would have taught is missing.
    parties: [honest(TRAINERS - ATTACKERS), { name: 'silent', clients: ATTACKERS, dataShare: 1e-9 }],
  },
  ...ATTACKED.map((name) => attack(name, attackBehaviour(name))),
  ...RIDES.map((name) => attack(name, behaviourOf(name))),
  attack('whisper', behaviourOf('whisper'), 1),
  {
    table: 'names',
    name: ONE_NAME,
    scoring: 'reference-projection',
    parties: [honest(8), { name: ONE_NAME, clients: 1 }],
  },
  ...([4, 8] as const).flatMap((count) => [names('copies', count), names('split', count)]),
  {
    table: 'effort',
    name: 'parts of the data',
    scoring: 'reference-projection',
    parties: [honest(7), part('half', 0.5), part('a quarter', 0.25), part('a tenth', 0.1)],
  },
  ...(['reference-projection', 'reference-trust'] as const).map(
    (scoring): Experiment => ({
      table: 'shapley',
      name: scoring,
      scoring,
      shapley: true,
      parties: [1, 3 / 4, 1 / 2, 3 / 8, 1 / 4, 1 / 8].map((share, k) => part(`trainer ${k + 1}`, share)),
    }),
  ),
];
