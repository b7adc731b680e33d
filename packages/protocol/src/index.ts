/**
 * The words of the network: what a task, a round, an update and a settlement are, how they are encoded and
 * bounded, who has to act when, and the ports through which rules meet the outside world.
 *
 * Nothing here does I/O and nothing here imports another package of Chorus.
 *
 * @packageDocumentation
 */
export * from './agents/completion.ts';
export * from './agents/engine.ts';
export * from './agents/executor.ts';
export * from './agents/knowledge.ts';
export * from './agents/resources.ts';
export * from './agents/tensors.ts';
export * from './agents/tools.ts';
export * from './agents/transcript.ts';
export * from './agents/value-schema.ts';
export * from './cbor.ts';
export * from './cid.ts';
export * from './counted.ts';
export * from './dev-chain.ts';
export * from './error-codes.ts';
export * from './errors.ts';
export * from './governance/parameters.ts';
export * from './governance/value-text.ts';
export * from './governance/values.ts';
export * from './hex.ts';
export * from './json.ts';
export * from './limits.ts';
export * from './messages.ts';
export * from './plain-text.ts';
export * from './ports/agent-chain.ts';
export * from './ports/chain.ts';
export * from './ports/chain-account.ts';
export * from './ports/chain-events.ts';
export * from './ports/chain-head.ts';
export * from './ports/channel-chain.ts';
export * from './ports/dispute-chain.ts';
export * from './ports/feedback-chain.ts';
export * from './ports/governance-chain.ts';
export * from './ports/identity-chain.ts';
export * from './ports/job-chain.ts';
export * from './ports/network.ts';
export * from './ports/payment-chain.ts';
export * from './ports/record-chain.ts';
export * from './ports/reward-chain.ts';
export * from './ports/round-chain.ts';
export * from './ports/stake-chain.ts';
export * from './ports/storage.ts';
export * from './ports/task-chain.ts';
export * from './ports/till-chain.ts';
export * from './ports/token-chain.ts';
export * from './ports/transaction.ts';
export * from './ports/unit-chain.ts';
export * from './ports/verdict-chain.ts';
export * from './reason.ts';
export * from './records/member-record.ts';
export * from './redact.ts';
export * from './round.ts';
export * from './round-context.ts';
export * from './rules.ts';
export * from './sealed-payload.ts';
export * from './settlement.ts';
export * from './stake.ts';
export * from './sum.ts';
export * from './summary.ts';
export * from './task.ts';
export * from './terms.ts';
export * from './token-amount.ts';
export * from './update.ts';
