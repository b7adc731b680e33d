import type { ChainPort, Receipt } from '@chorus/protocol';

/** Called for each transaction with its purpose and the gas it used; null if it was refused. */
export type TransactionSink = (action: string, gasUsed: bigint | null) => void;

/** The methods of the port that send a transaction. */
const WRITES: readonly (keyof ChainPort)[] = [
  'registerIdentity',
  'depositStake',
  'requestUnbond',
  'withdrawStake',
  'createTask',
  'topUp',
  'cancel',
  'join',
  'commitUpdate',
  'sealReference',
  'openReference',
  'settle',
  'advance',
  'requestVerdicts',
  'postVerdict',
  'publishPayload',
  'contest',
  'resolveCase',
  'claim',
  'leaveTask',
  'releaseStake',
  'refund',
  'collectFees',
  'requestValidation',
  'attest',
  'giveFeedback',
];

/** The same chain; it reports every transaction to `sink`. */
export function meteredChain<T extends ChainPort>(chain: T, sink: TransactionSink): T {
  return new Proxy(chain, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (!WRITES.includes(property as keyof ChainPort)) return method;
      return async (...args: unknown[]) => {
        try {
          const receipt = (await method(...args)) as Receipt;
          sink(String(property), receipt.gasUsed);
          return receipt;
        } catch (error) {
          sink(String(property), null);
          throw error;
        }
      };
    },
  });
}
