import type { Status } from '@chorus/admin-api';

/** Something that the owner should know, and may do something about. */
export interface Concern {
  code: string;
  message: string;
  hint: string | null;
  /** When it was last seen; null: it is so now. */
  at: string | null;
  count: number;
}

/** What is wrong with a node: what stops it first, then what it warned of. */
export function concernsOf({ paused, chain, network, warnings }: Status): Concern[] {
  const present: Omit<Concern, 'at' | 'count'>[] = [...paused];
  const codes = new Set([...paused, ...warnings].map(({ code }) => code));
  if (!chain.reachable && !codes.has('E_CHAIN_UNREACHABLE')) {
    present.push({
      code: 'E_CHAIN_UNREACHABLE',
      message: 'the chain cannot be reached',
      hint: 'check chain.url in the configuration, and the connection of this machine',
    });
  }
  if (network.peers === 0) {
    present.push({
      code: 'no peers',
      message: 'the node is connected to no peer',
      hint: 'it learns of no task and no agent: check network.bootstrap, and that the machine is online',
    });
  }
  if (chain.gasBalance === '0') {
    present.push({
      code: 'no gas',
      message: "the wallet has none of the chain's own coin",
      hint: 'without it the node can send no transaction: send some to the wallet',
    });
  }
  return [
    ...present.map((each) => ({ ...each, at: null, count: 1 })),
    ...warnings.map(({ code, message, hint, lastAt, count }) => ({ code, message, hint, at: lastAt, count })),
  ];
}
