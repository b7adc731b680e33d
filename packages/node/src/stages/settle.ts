import type { Settlement } from '@chorus/protocol';
import { type TaskSession, timed } from '../session.ts';

/** **settle**: one transaction ends the round: it verifies the proof, moves C_total and credits rewards. */
export async function settle(session: TaskSession, round: number, settlement: Settlement): Promise<void> {
  await timed(session, round, 'settle', () => session.ports.chain.settle(session.taskId, round, settlement));
}
