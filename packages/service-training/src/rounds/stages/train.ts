import {
  type Address,
  decodePayload,
  encodePayload,
  hasCode,
  type PayloadHeader,
  sha256Hex,
} from '@chorus/protocol';
import { globalParameters, quantise, quantiseReference } from '@chorus/training';
import {
  looksAround,
  type PublicKnowledge,
  poisonDelta,
  skipsTraining,
  trainingSeed,
} from '../../adversary/vectors.ts';
import { runOf } from '../../privacy/settings.ts';
import { type TaskSession, timed } from '../session/task-session.ts';

/**
 * **train**: from the settled model, on private local data, to a payload in its wire format: by the task's terms,
 * sealed to the members that must check it and to this node itself.
 *
 * A trainer's payload is its update; a validator's is the reference: the same on validation data, scaled to the
 * common norm of all references. The payload is on disk before this returns, so a node that dies now sends the same
 * bytes after its restart.
 */
export async function train(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<Uint8Array> {
  const { taskId, terms, files, journal, config, trainer, form } = session;
  const { chain } = session.ports;
  const stored = await storedPayload(session, round, kind);
  if (stored) return stored;
  const step = { taskId, round, step: stepOf(kind) };
  await journal.begin(step);
  const payload = await timed(session, round, kind === 'update' ? 'train' : 'reference', async () => {
    const { attack } = config;
    const known = await knowledgeOf(session, round);
    const delta = skipsTraining(attack, known)
      ? new Float32Array(trainer.dimension)
      : await localDelta(session, round, kind);
    const seed = config.seed * 1009 + round;
    const poisoned = poisonDelta(delta, { attack, known, scale: terms.scale, seed });
    const vector =
      kind === 'reference' ? quantiseReference(poisoned) : quantise(poisoned, terms.scale).vector;
    const payload = encodePayload({
      kind,
      taskId,
      round,
      author: chain.account.toLowerCase() as Address,
      dimension: vector.length,
      vector,
    });
    const [task, members] = await Promise.all([chain.task(taskId), chain.members(taskId)]);
    return form.wrap(payload, { task, members });
  });
  await files.writePayload(taskId, round, kind, payload);
  await journal.done(step, { sha256: sha256Hex(payload) });
  return payload;
}

function stepOf(kind: PayloadHeader['kind']): 'train' | 'reference' {
  return kind === 'update' ? 'train' : 'reference';
}

/**
 * The payload of an earlier run of this node. It is written completely or not at all, so one that the journal does
 * not know yet is valid; one that differs from its record is damaged, and is computed again.
 */
async function storedPayload(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<Uint8Array | null> {
  const { taskId, terms, files, journal, ports, form } = session;
  const stored = await files.readPayload(taskId, round, kind);
  if (!stored) return null;
  const step = { taskId, round, step: stepOf(kind) };
  const sha256 = sha256Hex(stored);
  const recorded = journal.step(step);
  if (recorded?.state === 'done') return recorded.detail.sha256 === sha256 ? stored : null;
  try {
    const author = ports.chain.account;
    decodePayload(await form.unwrapOwn(stored), { kind, taskId, round, author, dimension: terms.dimension });
  } catch (error) {
    if (hasCode(error, 'E_PAYLOAD_MALFORMED')) return null;
    throw error;
  }
  await journal.done(step, { sha256 });
  return stored;
}

/** Vectors of ended rounds for an attacker that uses others' vectors. */
async function knowledgeOf(session: TaskSession, round: number): Promise<PublicKnowledge> {
  const { config, model, ports, taskId, histories } = session;
  const way = model.sum.slice();
  if (!looksAround(config.attack)) return { rounds: [], way };
  const [task, members] = await Promise.all([ports.chain.task(taskId), ports.chain.members(taskId)]);
  return { rounds: (await histories.before({ task, members }, round)).rounds, way };
}

async function localDelta(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<Float32Array> {
  const { terms, trainer, model, dataset, config, taskId, journal, emit, signal } = session;
  if (!dataset) throw new Error('a trainer without data must not have joined');
  const { delta } = await trainer.train({
    parameters: globalParameters(model),
    dataset,
    epochs: kind === 'update' ? terms.localEpochs : terms.referenceEpochs,
    batchSize: terms.batchSize,
    learningRate: terms.learningRate,
    seed: trainingSeed(config.attack, config.seed) * 1_000_003 + round,
    signal,
    onProgress: (fraction) => emit({ type: 'progress', taskId, round, stage: 'train', fraction }),
  });
  // Recorded before the write: after a crash in between, the training is counted twice rather than not at all.
  const role = kind === 'update' ? 'trainer' : 'validator';
  const run = runOf(terms, config.privacy, { role, samples: dataset.count, rounds: 1 });
  journal.trainedOn(session.dataName, taskId, run);
  return delta;
}
