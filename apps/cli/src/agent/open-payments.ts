import { readAdmin } from '@chorus/admin-api';
import { hasCode } from '@chorus/protocol';
import type { PaymentsSource } from '@chorus/service-agents';
import { configOf, dataDirOf, type HomeOptions } from '../environment/home.ts';
import { nodeClient } from '../environment/node-client.ts';
import { passwordSource } from '../environment/password.ts';

/** Payments of a wallet, through the running node or the wallet's keystore. */
export interface OpenPayments {
  payments: PaymentsSource;
  close(): Promise<void>;
}

/** Whether the node of this home runs: then nothing has to be unlocked. */
export async function isNodeRunning(flags: HomeOptions): Promise<boolean> {
  return readAdmin(await dataDirOf(flags)).then(
    () => true,
    () => false,
  );
}

/**
 * The payments of this home's wallet. If a node runs, it signs and keeps the record; if none runs, none can start until
 * they are closed.
 * @throws ChorusError `E_ADMIN_*`, `E_STORE_LOCKED`, `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function openPayments(flags: HomeOptions): Promise<OpenPayments> {
  const access = await readAdmin(await dataDirOf(flags)).catch((error) => {
    if (hasCode(error, 'E_ADMIN_NOT_RUNNING')) return null;
    throw error;
  });
  if (!access) {
    const { config } = await configOf(flags);
    const { openPayments: open } = await import('@chorus/service-agents');
    return open(config, passwordSource());
  }
  const node = nodeClient(access);
  const payments: PaymentsSource = {
    list: (query) => node.payments(query),
    resume: (request) => node.resumePayment(request),
    pay: (request) => node.pay(request),
    end: async (id, ending) => (await node.endPayment(id, ending)).again,
    credits: {
      list: () => node.credits(),
      open: (request) => node.openCredit(request),
      add: (id, request) => node.addCredit(id, request),
      close: (id) => node.closeCredit(id),
      claim: () => node.claimCredits(),
    },
  };
  return { payments, close: async () => undefined };
}
