import { type Hex, sha256Hex } from '@chorus/protocol';
import type { TaskSession } from '../session/task-session.ts';
import { ownVector } from './commit.ts';

/**
 * The salt of a reference's seal: derived from the payload, which no one else can know before it is provided, so
 * that a restarted validator can open its earlier seal.
 */
function saltOf(payload: Uint8Array): Hex {
  const tagged = new Uint8Array(payload.length + 1);
  tagged.set(payload, 1);
  return sha256Hex(tagged);
}

/** **reference**, first half: while updates are open, compute the reference and seal it on chain. */
export async function sealReference(session: TaskSession, round: number): Promise<void> {
  const { taskId, journal } = session;
  const { chain } = session.ports;
  const { payload, committed } = await ownVector(session, round, 'reference');
  const salt = saltOf(payload);
  const seal = chain.sealOf(taskId, round, committed, salt);
  await journal.act({ taskId, round, step: 'seal' }, { ...committed, salt, seal }, () =>
    chain.sealReference(taskId, round, seal),
  );
}

/** **reference**, second half: after updates have closed, provide the reference and open its seal. */
export async function openReference(session: TaskSession, round: number): Promise<void> {
  const { taskId, journal } = session;
  const { chain, storage } = session.ports;
  const { payload, committed } = await ownVector(session, round, 'reference');
  await journal.act({ taskId, round, step: 'open' }, { ...committed }, async () => {
    await storage.put(payload);
    return chain.openReference(taskId, round, committed, saltOf(payload));
  });
}
