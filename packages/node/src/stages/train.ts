import { type Address, encodePayload, type PayloadHeader } from '@chorus/protocol';
import { globalParameters, quantise, quantiseReference } from '@chorus/training';
import { poisonDelta, skipsTraining } from '../attacks.ts';
import { type TaskSession, timed } from '../session.ts';

/**
 * **train**: from the settled model, on private local data, to an encoded payload.
 *
 * A trainer's payload is its update; a validator's is the reference: the same thing on validation data, scaled to the
 * one norm of all references. The
 * payload is on disk before this returns, so a node that dies now sends the same bytes after its restart.
 */
export async function train(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<Uint8Array> {
  const { taskId, terms, files, config, trainer } = session;
  const stored = await files.readPayload(taskId, round, kind);
  if (stored) return stored;
  const payload = await timed(session, round, kind === 'update' ? 'train' : 'reference', async () => {
    const delta = skipsTraining(config.attack)
      ? new Float32Array(trainer.dimension)
      : await localDelta(session, round, kind);
    const poisoned = poisonDelta(delta, config.attack, terms.scale, config.seed * 1009 + round);
    const vector =
      kind === 'reference' ? quantiseReference(poisoned) : quantise(poisoned, terms.scale).vector;
    return encodePayload({
      kind,
      taskId,
      round,
      author: session.ports.chain.account.toLowerCase() as Address,
      dimension: vector.length,
      vector,
    });
  });
  await files.writePayload(taskId, round, kind, payload);
  return payload;
}

async function localDelta(
  session: TaskSession,
  round: number,
  kind: PayloadHeader['kind'],
): Promise<Float32Array> {
  const { terms, trainer, model, dataset, config, taskId, emit, signal } = session;
  if (!dataset) throw new Error('a trainer without data must not have joined');
  const { delta } = await trainer.train({
    parameters: globalParameters(model),
    dataset,
    epochs: kind === 'update' ? terms.localEpochs : terms.referenceEpochs,
    batchSize: terms.batchSize,
    learningRate: terms.learningRate,
    seed: config.seed * 1_000_003 + round,
    signal,
    onProgress: (fraction) => emit({ type: 'progress', taskId, round, stage: 'train', fraction }),
  });
  return delta;
}
