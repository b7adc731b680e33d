// Identities, the stake behind them, and what they have done.

import { refusal } from '@chorus/chain';
import type { Address, RegisteredAgent } from '@chorus/protocol';
import type { MemoryLedger } from './ledger.ts';
import { RECORDS } from './task.ts';

export function register(ledger: MemoryLedger, owner: Address): bigint {
  ledger.owners.push(owner);
  return BigInt(ledger.owners.length - 1);
}

export function identityOf(ledger: MemoryLedger, owner: Address): bigint | null {
  const index = ledger.owners.findIndex((each, i) => each === owner && !ledger.agents.has(BigInt(i)));
  return index < 0 ? null : BigInt(index);
}

export function registerAgent(ledger: MemoryLedger, owner: Address, place: string): bigint {
  const agentId = register(ledger, owner);
  ledger.agents.set(agentId, { place, uri: '', wallet: owner });
  return agentId;
}

export function setAgentUri(ledger: MemoryLedger, owner: Address, agentId: bigint, uri: string): void {
  const action = 'name the file of an agent';
  if (ledger.owners[Number(agentId)] === undefined) throw refusal('ERC721NonexistentToken', action);
  if (ledger.owners[Number(agentId)] !== owner) throw refusal('NotAuthorized', action);
  ledger.agents.get(agentId)!.uri = uri;
}

export function registeredAgent(ledger: MemoryLedger, agentId: bigint): RegisteredAgent | null {
  const owner = ledger.owners[Number(agentId)];
  if (owner === undefined) return null;
  const { place = null, uri = '', wallet = owner } = ledger.agents.get(agentId) ?? {};
  // A transfer clears it.
  return { agentId, owner, wallet: wallet === owner ? wallet : null, uri, place };
}

export function agentAt(ledger: MemoryLedger, owner: Address, place: string): bigint | null {
  for (const [agentId, agent] of ledger.agents) {
    if (agent.place === place && ledger.owners[Number(agentId)] === owner) return agentId;
  }
  return null;
}

export function reputation(ledger: MemoryLedger, agentId: bigint): number {
  const rewarded = ledger.history.get(agentId)?.rewarded ?? 0;
  return Math.max(0, rewarded - 10 * (ledger.stakes.slashCount.get(agentId) ?? 0));
}

export function deposit(
  ledger: MemoryLedger,
  token: Address,
  agentId: bigint,
  owner: Address,
  amount: bigint,
): void {
  const action = 'deposit stake';
  if (ledger.owners[Number(agentId)] === undefined) throw refusal('UnknownIdentity', action, { agentId });
  ledger.stakes.deposit(token, agentId, owner, amount);
  ledger.money.transfer(token, owner, ledger.stakeContract, amount, action);
}

export function unbond(
  ledger: MemoryLedger,
  token: Address,
  agentId: bigint,
  owner: Address,
  shares: bigint,
) {
  return ledger.stakes.unbond(token, agentId, owner, shares, ledger.now() + ledger.unbondSeconds);
}

export function withdraw(ledger: MemoryLedger, ticketId: bigint, owner: Address): bigint {
  const { token, amount } = ledger.stakes.withdraw(ticketId, owner, ledger.now());
  ledger.money.transfer(token, ledger.stakeContract, owner, amount, 'withdraw stake');
  return amount;
}

export function requestValidation(
  ledger: MemoryLedger,
  taskId: bigint,
  agentId: bigint,
  account: Address,
): void {
  const { validations } = ledger.find(taskId);
  if (ledger.owners[Number(agentId)] !== account) throw refusal('NotIdentity', 'request a validation');
  if (validations.has(agentId)) throw refusal('AlreadyRequested', 'request a validation');
  validations.add(agentId);
}

export function attest(ledger: MemoryLedger, taskId: bigint, number: number): void {
  const { state, records, attested, accounts } = ledger.find(taskId);
  const record = records.get(number);
  if (!record) throw refusal('NotRecorded', 'attest a round');
  if (attested.has(number)) throw refusal('AlreadyAttested', 'attest a round');
  attested.add(number);
  for (const [index, trainer] of state.trainers.entries()) {
    const { agentId } = accounts.get(trainer)!;
    const history = ledger.history.get(agentId) ?? { rounds: 0, rewarded: 0 };
    history.rounds++;
    if (record.shares[index]! > 0) history.rewarded++;
    ledger.history.set(agentId, history);
  }
}

export function giveFeedback(ledger: MemoryLedger, taskId: bigint, trainer: Address): void {
  const { state, rated, attested, records } = ledger.find(taskId);
  const action = 'give feedback';
  if (!state.trainers.includes(trainer)) throw refusal('NotAMember', action);
  if (state.status !== 'ended') throw refusal('TaskNotEnded', action);
  if (rated.has(trainer)) throw refusal('AlreadyAttested', action);
  for (const round of records.keys()) {
    if (round > state.round - RECORDS && !attested.has(round)) {
      throw refusal('RoundNotAttested', action, { round });
    }
  }
  if (attested.size === 0) throw refusal('NotRecorded', action);
  rated.add(trainer);
}
