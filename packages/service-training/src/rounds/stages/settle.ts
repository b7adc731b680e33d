import type { Receipt, Settlement } from '@chorus/protocol';
import { type TaskSession, timed } from '../session/task-session.ts';

/** **settle**: one transaction ends the round: it verifies the proof, moves C_total and credits rewards. */
export function settle(session: TaskSession, round: number, settlement: Settlement): Promise<Receipt> {
  return timed(session, round, 'settle', () => session.ports.chain.settle(session.taskId, round, settlement));
}
