import { z } from 'zod';

/** Attacks without a number. */
const PLAIN = [
  'label',
  'sign',
  'scale',
  'noise',
  'free',
  'replay',
  'replay-reference',
  'replay-aggregate',
  'alie',
  'ipm',
  'minmax',
  'backdoor',
  'ace',
] as const;

/** Attacks of one party under several names, with their number. */
const BY_NAMES = /^(copies|split):([2-9]|1[0-6])$/;

/** Every attack, as written in a configuration. */
export const ATTACKS: readonly string[] = [...PLAIN, 'copies:K', 'split:K'];

/** Simulated attacks, for demonstrations and tests. */
export const attackSchema = z.union([
  z.enum(PLAIN),
  z.custom<`${'copies' | 'split'}:${number}`>((text) => typeof text === 'string' && BY_NAMES.test(text)),
]);
export type Attack = z.infer<typeof attackSchema>;

/** Number of names of an attack under several names; null for an attack under one. */
export function namesOf(attack: Attack | undefined): { kind: 'copies' | 'split'; names: number } | null {
  const [, kind, names] = BY_NAMES.exec(attack ?? '') ?? [];
  return kind === undefined ? null : { kind: kind as 'copies' | 'split', names: Number(names) };
}

/** One line that describes an attack. */
export function describeAttack(attack: Attack): string {
  const several = namesOf(attack);
  if (several?.kind === 'copies') return `sends one update under ${several.names} names`;
  if (several?.kind === 'split') return `trains parts of one data set under ${several.names} names`;
  return DESCRIPTIONS[attack as (typeof PLAIN)[number]];
}

const DESCRIPTIONS: Record<(typeof PLAIN)[number], string> = {
  label: 'trains on flipped labels',
  sign: 'sends its update negated and three times as long',
  scale: 'sends its update twenty times as long',
  noise: 'sends noise of an honest length',
  free: 'does not train: sends tiny noise',
  replay: 'does not train: sends the progress so far, the model minus the initial model',
  'replay-reference': "does not train: sends the sum of the last round's opened references",
  'replay-aggregate': 'does not train: sends the last aggregate again',
  alie: 'sends its update shifted by the deviation of others, as far as it stays undetected (ALIE)',
  ipm: 'sends its update negated and half as long (inner product manipulation)',
  minmax: 'sends its update shifted as far as honest updates differ from each other (min-max)',
  backdoor: 'trains a third of its samples, with a patch added, as class 0',
  ace: 'does not train: sends a prediction of the next aggregate from the last ones (ACE)',
};
