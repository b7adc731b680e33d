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

/** Attacks of one party under several names: how many there are. */
const BY_NAMES = /^(copies|split):([2-9]|1[0-6])$/;

/** Every attack, as a person writes it. */
export const ATTACKS: readonly string[] = [...PLAIN, 'copies:K', 'split:K'];

/** Misbehaviour for demonstrations and tests. */
export const attackSchema = z.union([
  z.enum(PLAIN),
  z.custom<`${'copies' | 'split'}:${number}`>((text) => typeof text === 'string' && BY_NAMES.test(text)),
]);
export type Attack = z.infer<typeof attackSchema>;

/** The names of an attack under several of them; null for an attack of one. */
export function namesOf(attack: Attack | undefined): { kind: 'copies' | 'split'; names: number } | null {
  const [, kind, names] = BY_NAMES.exec(attack ?? '') ?? [];
  return kind === undefined ? null : { kind: kind as 'copies' | 'split', names: Number(names) };
}

/** One line on what an attack does, for people. */
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
  replay: 'does not train: sends the way so far, the model minus the initial model',
  'replay-reference': "does not train: sends the sum of the last round's opened references",
  'replay-aggregate': 'does not train: sends the last aggregate again',
  alie: 'sends its update moved by the deviation of others, as far as goes unseen (ALIE)',
  ipm: 'sends its update negated and half as long (inner product manipulation)',
  minmax: 'sends its update pushed as far as honest updates are apart (min-max)',
  backdoor: 'trains a third of its samples to be class 0 where they carry a patch',
  ace: 'does not train: sends a prediction of the next aggregate from the last ones (ACE)',
};
