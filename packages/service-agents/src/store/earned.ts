import type { NodeStore } from '@chorus/node';

/** What an agent was paid in one token; the amount is in its smallest unit. */
export interface Earned {
  token: string;
  amount: string;
  calls: number;
}

/** Read without what takes payments: an agent that has no price any more may have been paid before. */
export function earnedBy({ db }: Pick<NodeStore, 'db'>, agent: string): Earned[] {
  return db
    .prepare('SELECT token, amount, calls FROM agents_earned WHERE agent = ? ORDER BY token')
    .all(agent)
    .map(({ token, amount, calls }) => ({
      token: String(token),
      amount: String(amount),
      calls: Number(calls),
    }));
}
