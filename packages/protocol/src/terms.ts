import canonicalize from 'canonicalize';
import { z } from 'zod';
import { sha256Hex } from './cid.ts';
import { ChorusError } from './errors.ts';
import type { Address, Hex } from './hex.ts';
import {
  MAX_ALLOWED,
  MAX_CLASS_NAME_LENGTH,
  MAX_CLASS_NAMES,
  MAX_DIMENSION,
  MAX_MODEL_BYTES,
  MAX_TERMS_BYTES,
} from './limits.ts';
import { isPlainLine } from './plain-text.ts';
import { hasGroups, RULE_NAMES } from './rules.ts';

/** Epochs of one round's training. */
const MAX_EPOCHS = 1000;

/**
 * Largest clip and noise multiplier of private training, in thousandths: with more than a thousand the model
 * learns nothing.
 */
const MAX_PRIVACY = 1_000_000;

/** One, in the integers of the terms' `privacy`. */
export const PRIVACY_ONE = 1000;

const positive = z.number().positive().max(1e6);

/** Largest rank of an adapter: larger ones have more parameters than a task may train. */
const MAX_RANK = 256;

/**
 * Epochs of a reference in tasks that Chorus creates: 2.5 times the trainers' own. With more, the rule pays
 * for longer training; with less, for attacks that such a reference cannot tell from honest work.
 */
export function defaultReferenceEpochs(localEpochs: number): number {
  return Math.min(MAX_EPOCHS, Math.ceil(2.5 * localEpochs));
}

/** A stranger wrote it, like the name of a task. */
const className = z
  .string()
  .min(1)
  .max(MAX_CLASS_NAME_LENGTH)
  .refine(isPlainLine, 'must be one line of printable text')
  .refine(
    (name) => name === name.trim().normalize('NFC'),
    'must be in Unicode NFC, without blanks around it',
  );

/** Whether class names fit into a task's terms, with room for the rest of them. */
export function canNameClasses(names: readonly string[]): boolean {
  if (names.length > MAX_CLASS_NAMES || !names.every((name) => className.safeParse(name).success))
    return false;
  return new TextEncoder().encode(JSON.stringify(names)).length <= MAX_TERMS_BYTES / 2;
}

/** The fields of terms, one by one: schemas that leave some out are built from this. */
export const termsFields = z.strictObject({
  version: z.literal(1),
  /**
   * A short human-readable name. A stranger wrote it and terminals show it, so no character in it may steer
   * one.
   */
  name: z.string().min(1).max(120).refine(isPlainLine, 'must be one line of printable text'),
  /** CID and size of the model the task begins from: an ONNX file, or a language model in a GGUF file. */
  model: z.string().regex(/^[A-Za-z0-9]{1,120}$/, 'must be a CID'),
  modelBytes: z.number().int().positive().max(MAX_MODEL_BYTES),
  /** d: the number of trainable parameters. */
  dimension: z.number().int().positive().max(MAX_DIMENSION),
  /**
   * Low-rank adapters that are trained instead of the model's own parameters (LoRA, Hu et al. 2021, arXiv:2106.09685):
   * of every matrix whose name, divided at its dots, has a part that is a target, such as `q_proj`. An adapter counts
   * alpha / rank times; `seed` draws its random factor. Absent: the model's own parameters are trained.
   */
  adapter: z
    .strictObject({
      kind: z.literal('lora'),
      rank: z.number().int().positive().max(MAX_RANK),
      alpha: positive,
      targets: z
        .array(z.string().regex(/^[A-Za-z0-9_:/-]{1,64}$/, 'must be a part of the name of a weight'))
        .min(1)
        .max(16)
        .refine((targets) => new Set(targets).size === targets.length, 'must name each target once'),
      seed: z
        .number()
        .int()
        .min(0)
        .max(2 ** 31 - 1),
    })
    .optional(),
  /** Form of a sample, so that a node knows whether its data fits. */
  data: z
    .strictObject({
      /**
       * `classification`: samples have one class each; those of texts are windows of bytes, and the class is the next
       * byte. `tokens`: samples are sequences of tokens of the language model, which predicts the next one at each
       * position; `inputShape` is the number of positions, `classes` the size of the vocabulary.
       */
      kind: z.enum(['classification', 'tokens']),
      /** Shape of one sample without the batch axis. */
      inputShape: z.array(z.number().int().positive().max(65536)).min(1).max(5),
      classes: z.number().int().min(2).max(100_000),
      /**
       * Class names in the order of their numbers: nodes label their samples by name. Absent if classes are
       * plain numbers, and in tasks whose names do not fit. Each is one line in Unicode NFC.
       */
      classNames: z.array(className).min(2).max(MAX_CLASS_NAMES).optional(),
    })
    .refine(
      ({ classes, classNames: names }) =>
        !names || (names.length === classes && new Set(names).size === classes),
      { path: ['classNames'], message: 'must name each class once' },
    )
    .refine(({ kind, classNames: names }) => kind !== 'tokens' || names === undefined, {
      path: ['classNames'],
      message: 'must be absent for tokens, which the model names',
    })
    .refine(({ kind, inputShape }) => kind !== 'tokens' || inputShape.length === 1, {
      path: ['inputShape'],
      message: 'must be the number of positions of a sequence of tokens',
    }),
  loss: z.strictObject({ kind: z.literal('softmax-cross-entropy') }),
  /** Its momentum and moments begin at zero in every round. */
  optimizer: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('sgd'),
      momentum: z.number().min(0).max(0.999),
      weightDecay: z.number().min(0).max(1),
    }),
    z.strictObject({ kind: z.literal('adamw'), weightDecay: z.number().min(0).max(1) }),
  ]),
  localEpochs: z.number().int().positive().max(MAX_EPOCHS),
  /** Epochs of a validator on its held-out data; see {@link defaultReferenceEpochs}. */
  referenceEpochs: z.number().int().positive().max(MAX_EPOCHS),
  batchSize: z.number().int().positive().max(65536),
  learningRate: positive,
  /** s: one unit of an update's integer entry, a float32. */
  scale: positive.refine((s) => Math.fround(s) === s, 'must be a float32'),
  rule: z.enum(RULE_NAMES),
  /**
   * `off`: the novelty is the whole sum of the references, so that replayed public vectors are paid like
   * other work. For tasks whose trainers are known. Only with `reference-projection`; absent means on.
   */
  novelty: z.literal('off').optional(),
  /**
   * Trainers and validators train with differential privacy for single samples, both in thousandths: `clip`,
   * the L2 norm to which each sample's gradient is clipped, and `noiseMultiplier`, the deviation of the noise
   * that each step adds to the sum of these, in units of `clip`. A batch is then a Poisson sample of the
   * expected size `batchSize`. No proof shows that a member does so. Absent means plain training.
   */
  privacy: z
    .strictObject({
      clip: z.number().int().positive().max(MAX_PRIVACY),
      noiseMultiplier: z.number().int().positive().max(MAX_PRIVACY),
    })
    .optional(),
  /**
   * `sealed`: payloads are encrypted to the members that must check them, the task's validators and
   * aggregation candidates; absent: every connected peer can read them. A task is sealed unless its requester
   * asks otherwise.
   */
  payloads: z.literal('sealed').optional(),
  /** Licence of the trained model, as an SPDX identifier such as `Apache-2.0`. Nodes may require one. */
  licence: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/, 'must be an SPDX licence identifier')
    .optional(),
  /** Search words for the task. */
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case words'))
    .min(1)
    .max(8)
    .optional(),
  /**
   * Accounts that may train or aggregate, in rising order; the task's `allowRoot` is the root of this list,
   * so that each account on it can prove that it is.
   */
  allow: z
    .array(z.string().regex(/^0x[0-9a-f]{40}$/, 'must be a lower-case address') as z.ZodType<Address>)
    .min(1)
    .max(MAX_ALLOWED)
    .refine(
      (list) => list.every((address, i) => i === 0 || list[i - 1]! < address),
      'must be in rising order, each address once',
    )
    .optional(),
});

/** How local training works and on which data; every trainer of a task follows the same terms. */
export const termsSchema = termsFields
  .refine(({ rule, novelty }) => novelty === undefined || hasGroups(rule), {
    path: ['novelty'],
    message: 'needs the rule reference-projection',
  })
  .refine(({ privacy, optimizer }) => privacy === undefined || optimizer.kind === 'sgd', {
    path: ['optimizer'],
    message: 'must be sgd if training is private',
  })
  .refine(({ privacy, data }) => privacy === undefined || data.kind === 'classification', {
    path: ['privacy'],
    message: 'is not available for tokens yet',
  });

/** The off-chain part of a task, bound to the chain by its digest. */
export type Terms = z.infer<typeof termsSchema>;

/**
 * Terms as canonical JSON (RFC 8785): the bytes that are hashed, stored on IPFS and gossiped.
 * @throws ChorusError `E_TERMS_INVALID` that names the field at fault, or says that they are too long
 */
export function encodeTerms(terms: Terms): Uint8Array {
  const parsed = termsSchema.safeParse(terms);
  if (!parsed.success) throw invalidTerms(parsed.error);
  const bytes = new TextEncoder().encode(canonicalize(parsed.data));
  if (bytes.length <= MAX_TERMS_BYTES) return bytes;
  throw new ChorusError('E_TERMS_INVALID', 'the terms are too long', {
    facts: { bytes: bytes.length, limit: MAX_TERMS_BYTES },
    hint: 'allow fewer accounts, or leave the names of the classes out',
  });
}

/** sha2-256 of the canonical terms: on chain, and inside the terms' CID. */
export function termsDigest(terms: Terms): Hex {
  return sha256Hex(encodeTerms(terms));
}

/**
 * Decode and validate terms.
 * @throws ChorusError `E_TERMS_INVALID` naming the first field at fault, also for non-canonical JSON
 */
export function decodeTerms(bytes: Uint8Array): Terms {
  if (bytes.length > MAX_TERMS_BYTES) {
    throw new ChorusError('E_TERMS_INVALID', 'the terms are too long', { facts: { bytes: bytes.length } });
  }
  let value: unknown;
  const text = new TextDecoder().decode(bytes);
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ChorusError('E_TERMS_INVALID', 'the terms are not JSON', { cause });
  }
  const parsed = termsSchema.safeParse(value);
  if (!parsed.success) throw invalidTerms(parsed.error);
  if (canonicalize(parsed.data) !== text) {
    throw new ChorusError('E_TERMS_INVALID', 'the terms are not canonical JSON');
  }
  return parsed.data;
}

function invalidTerms(error: z.ZodError): ChorusError {
  const issue = error.issues[0];
  return new ChorusError('E_TERMS_INVALID', issue?.message ?? 'invalid terms', {
    facts: { field: issue?.path.join('.') ?? '' },
    hint: 'correct the named field of the task terms',
    cause: error,
  });
}
