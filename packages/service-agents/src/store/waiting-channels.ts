import type { NodeStore } from '@chorus/node';

/** Whether vouchers wait to be claimed. Read without what takes payments: most nodes hold none. */
export const hasWaitingChannels = ({ db }: Pick<NodeStore, 'db'>): boolean =>
  db.prepare('SELECT 1 FROM agents_channels WHERE waiting > 0 LIMIT 1').get() !== undefined;
