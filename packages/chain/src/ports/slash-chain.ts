import type { Address, Hex, Sent } from '@chorus/protocol';
import { STAKE_MANAGER } from '../abi/abis.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Slashed identities, and what reporting their offences earns. Only this implementation has it. */
export interface EvmSlashChain {
  /** Number of offences for which an identity was slashed, in any token. */
  slashCount(agentId: bigint): Promise<number>;
  wasSlashed(offence: Hex): Promise<boolean>;
  /** This account's earnings from reporting offences, in `token`. */
  reportRewards(token: Address): Promise<bigint>;
  claimReports(token: Address): Sent<{ amount: bigint }>;
}

/** Slashes, in the stake contract. */
export function createSlashChain({ connection, reader, writer, contracts }: ChainParts): EvmSlashChain {
  const view = async (name: string, args: unknown[]) =>
    (await reader.view(name, args, (await contracts()).stakes, STAKE_MANAGER))[0];
  return {
    slashCount: async (agentId) => Number(await view('slashCount', [agentId])),

    wasSlashed: (offence) => view('wasSlashed', [offence]),

    reportRewards: (token) => view('reportRewards', [token, connection.account]),

    claimReports: async (token) => {
      const { stakes: to } = await contracts();
      const call = { action: 'claim reports', to, abi: STAKE_MANAGER, name: 'claimReports', args: [token] };
      const mined = await writer.send(call);
      return { ...receiptOf(mined), amount: eventOf(mined, STAKE_MANAGER, 'ReportsClaimed').amount };
    },
  };
}
