import type { ChainPort } from '@chorus/protocol';
import type { ContractAddresses } from '../contracts/addresses.ts';
import { createAgentChain } from './agent-chain.ts';
import { createEventChain } from './chain-events.ts';
import { createHeadChain } from './chain-head.ts';
import { createChannelChain } from './channel-chain.ts';
import { createDisputeChain } from './dispute-chain.ts';
import { createFeedbackChain } from './feedback-chain.ts';
import { createGovernanceChain } from './governance-chain.ts';
import { createIdentityChain, type EvmIdentityChain } from './identity-chain.ts';
import { createJobChain } from './job-chain.ts';
import { type Connection, createParts } from './parts.ts';
import { createPaymentChain } from './payment-chain.ts';
import { createRecordChain } from './record-chain.ts';
import { createRewardChain, type EvmRewardChain } from './reward-chain.ts';
import { createRoundChain } from './round-chain.ts';
import { createSlashChain, type EvmSlashChain } from './slash-chain.ts';
import { createStakeChain, type EvmStakeChain } from './stake-chain.ts';
import { createTaskChain } from './task-chain.ts';
import { createTillChain } from './till-chain.ts';
import { createTokenChain } from './token-chain.ts';
import { createUnitChain } from './unit-chain.ts';
import { createVerdictChain } from './verdict-chain.ts';

/** The chain port over EVM JSON-RPC, with the extras of this implementation. */
export interface ChorusChain
  extends ChainPort,
    EvmStakeChain,
    EvmSlashChain,
    EvmRewardChain,
    EvmIdentityChain {
  /** Addresses of the contracts around the task contract. */
  contracts(): Promise<ContractAddresses>;
}

/**
 * All ports of one account, over one reader and one writer. No method needs `this`: each may be taken out, wrapped or
 * replaced, and the others do not notice.
 */
export function createChorusChain(connection: Connection): ChorusChain {
  const parts = createParts(connection);
  const { chainId, contract, account } = connection;
  const head = createHeadChain(parts);
  const identities = createIdentityChain(parts);
  const payments = createPaymentChain(parts);
  return {
    chainId,
    contract,
    account,
    contracts: parts.contracts,
    ...head,
    ...createEventChain(parts),
    ...createTaskChain(parts),
    ...createRoundChain(parts),
    ...createVerdictChain(parts),
    ...createDisputeChain(parts),
    ...createStakeChain(parts, identities, head),
    ...createSlashChain(parts),
    ...createRewardChain(parts),
    ...identities,
    ...createAgentChain(parts),
    ...createTokenChain(parts),
    ...payments,
    ...createChannelChain(parts, payments),
    ...createTillChain(parts),
    ...createUnitChain(parts),
    ...createFeedbackChain(parts),
    ...createGovernanceChain(parts),
    ...createRecordChain(parts),
    ...createJobChain(parts),
  };
}
