import type { AgentChain } from './agent-chain.ts';
import type { ChainAccount } from './chain-account.ts';
import type { EventChain } from './chain-events.ts';
import type { HeadChain } from './chain-head.ts';
import type { ChannelChain } from './channel-chain.ts';
import type { DisputeChain } from './dispute-chain.ts';
import type { FeedbackChain } from './feedback-chain.ts';
import type { GovernanceChain } from './governance-chain.ts';
import type { IdentityChain } from './identity-chain.ts';
import type { JobChain } from './job-chain.ts';
import type { PaymentChain } from './payment-chain.ts';
import type { RecordChain } from './record-chain.ts';
import type { RewardChain } from './reward-chain.ts';
import type { RoundChain } from './round-chain.ts';
import type { StakeChain } from './stake-chain.ts';
import type { TaskChain } from './task-chain.ts';
import type { TillChain } from './till-chain.ts';
import type { TokenChain } from './token-chain.ts';
import type { UnitChain } from './unit-chain.ts';
import type { VerdictChain } from './verdict-chain.ts';

/**
 * The settlement chain, as one account sees it: all of its ports. Implemented over EVM JSON-RPC, and in memory for
 * tests. Code that needs a part of it asks for that port.
 *
 * Writes resolve when mined and throw `ChainError` with the decoded reason when refused.
 *
 * Codes of refusals (the same from every implementation): `E_CHAIN_UNKNOWN_TASK`, `E_CHAIN_WRONG_PHASE`,
 * `E_CHAIN_DEADLINE_PASSED`, `E_CHAIN_DEADLINE_NOT_PASSED`, `E_CHAIN_STAKE_REQUIRED` (balance too small for
 * the budget, or free stake of the identity for the task), `E_CHAIN_NOT_A_MEMBER`, `E_CHAIN_ALREADY_DONE`,
 * `E_CHAIN_TASK_FULL`, `E_CHAIN_ROLE_REFUSED`, `E_CHAIN_NOT_YOUR_TURN`, `E_CHAIN_WRONG_AGGREGATE`,
 * `E_CHAIN_INVALID_SETTLEMENT`, `E_CHAIN_INVALID_POINT`, `E_CHAIN_INVALID_VOTES`, `E_CHAIN_WRONG_OPENING`,
 * `E_CHAIN_INVALID_PARAMS`, `E_CHAIN_NOTHING_TO_CLAIM`, `E_CHAIN_NOT_ENDED`, `E_CHAIN_NOT_ALLOWED` (allow
 * list, reputation, another account's identity or task), `E_CHAIN_NO_CASE`, `E_CHAIN_CASE_OPEN` (stake that a
 * case may still cost), `E_CHAIN_NOT_MATURE`, `E_CHAIN_NO_TILLS`, `E_CHAIN_NO_GOVERNANCE`, `E_CHAIN_NO_MARKET`,
 * `E_CHAIN_NO_CHANNELS`, `E_CHAIN_UNKNOWN_JOB`, `E_CHAIN_UNREACHABLE`.
 */
export interface ChainPort
  extends ChainAccount,
    HeadChain,
    EventChain,
    TaskChain,
    RoundChain,
    VerdictChain,
    DisputeChain,
    StakeChain,
    RewardChain,
    IdentityChain,
    AgentChain,
    TokenChain,
    PaymentChain,
    ChannelChain,
    TillChain,
    UnitChain,
    FeedbackChain,
    GovernanceChain,
    RecordChain,
    JobChain {}
