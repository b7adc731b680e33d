import { type AdminAccess, type AdminClient, createAdminClient } from '@chorus/admin-api';
import type { EventJson } from '@chorus/service-training';
import { Heartbeat } from '../output/heartbeat.ts';
import { write } from '../output/terminal.ts';

/** Text while an answer takes long. */
const WAITING = 'waiting for the node, which may wait for the chain or a peer, be busy, or be asleep';

/** The admin API of a running node; a request that takes long says on standard error that it does. */
export function nodeClient(access: AdminAccess): AdminClient<EventJson> {
  return createAdminClient<EventJson>({ ...access, fetch: waitingFetch });
}

const waitingFetch: typeof fetch = async (address, init) => {
  const beat = new Heartbeat((line) => write(process.stderr, `${line}\n`));
  beat.expect(WAITING);
  try {
    return await fetch(address, init);
  } finally {
    beat.stop();
  }
};
