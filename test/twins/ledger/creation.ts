// From a task's terms to its last member.

import { refusal } from '@chorus/chain';
import {
  type Address,
  G1_INFINITY,
  type Hex,
  type JoinRequest,
  MAX_AGGREGATORS,
  type Member,
  type Role,
  type Slashing,
  type TaskParams,
} from '@chorus/protocol';
import { id as hashOf } from 'ethers';
import { checkParams, isAllowed } from './checks.ts';
import { endTask, start } from './flow.ts';
import { reputation } from './identities.ts';
import { type Emit, lower, type MemoryLedger } from './ledger.ts';

const slashingOf = ({ governance }: MemoryLedger): Slashing => ({
  trainerAbsence: governance.number('slash-trainer-absence'),
  validatorAbsence: governance.number('slash-validator-absence'),
  aggregatorAbsence: governance.number('slash-aggregator-absence'),
  unavailable: governance.number('slash-unavailable'),
  falseVerdict: governance.number('slash-false-verdict'),
  rejectedReference: governance.number('slash-rejected-reference'),
  absenceCap: governance.number('absence-cap'),
  missedRounds: governance.number('missed-rounds'),
});

/** A digest of owner and terms; the contract's is of their ABI encoding. */
const agreementOf = (owner: Address, params: TaskParams): Hex =>
  hashOf(JSON.stringify([owner, params], (_, v) => (typeof v === 'bigint' ? `${v}` : v))) as Hex;

export function create(ledger: MemoryLedger, owner: Address, params: TaskParams, emit: Emit): bigint {
  checkParams(params);
  const id = BigInt(ledger.tasks.length + 1);
  ledger.tasks.push({
    state: {
      ...structuredClone(params),
      token: lower(params.token),
      validators: params.validators.map(lower),
      id,
      owner,
      agreement: agreementOf(owner, params),
      status: 'joining',
      remaining: params.budget,
      round: 0,
      joinDeadline: ledger.now() + params.joinSeconds,
      trainers: [],
      aggregators: [],
      activeValidators: [],
      departed: [],
      totalCommitment: { ...G1_INFINITY },
      verifier: ledger.verifier,
      protocolFeeBps: ledger.governance.number('protocol-fee'),
      contestSeconds: ledger.contestSeconds,
      slashing: slashingOf(ledger),
      protocolFees: 0n,
      openCases: 0,
    },
    members: [],
    accounts: new Map(),
    rounds: [],
    settled: new Map(),
    settlements: new Map(),
    records: new Map(),
    cases: new Map(),
    asked: new Map(),
    posted: [],
    published: new Map(),
    attested: new Set(),
    rated: new Set(),
    validations: new Set(),
    lastEnded: 0,
  });
  const { termsDigest, budget } = params;
  emit({ type: 'task-created', taskId: id, owner, termsDigest, budget });
  ledger.money.transfer(params.token, owner, ledger.contract, params.budget, 'create a task');
  return id;
}

export function topUp(
  ledger: MemoryLedger,
  taskId: bigint,
  account: Address,
  amount: bigint,
  emit: Emit,
): void {
  const action = 'top up a task';
  const { state } = ledger.find(taskId);
  if (state.status === 'ended') throw refusal('WrongPhase', action);
  if (amount === 0n) throw refusal('ParameterOutOfBounds', action, { parameter: 'amount' });
  state.remaining += amount;
  emit({ type: 'topped-up', taskId, amount });
  ledger.money.transfer(state.token, account, ledger.contract, amount, action);
}

export function cancel(ledger: MemoryLedger, taskId: bigint, account: Address, emit: Emit): void {
  const task = ledger.find(taskId);
  if (task.state.owner !== account) throw refusal('NotOwner', 'cancel a task');
  if (task.state.status !== 'joining') throw refusal('TaskNotJoining', 'cancel a task');
  emit({ type: 'task-cancelled', taskId });
  endTask(task, emit);
}

export function join(
  ledger: MemoryLedger,
  taskId: bigint,
  account: Address,
  request: JoinRequest,
  emit: Emit,
): void {
  const action = 'join a task';
  const { state, members, accounts } = ledger.find(taskId);
  const { agreement, agentId, roles, peerId } = request;
  if (agreement !== state.agreement) throw refusal('OtherTask', action);
  const is = (role: Role): boolean => roles.includes(role);
  if (state.status !== 'joining') throw refusal('TaskNotJoining', action);
  if (ledger.now() >= state.joinDeadline) throw refusal('DeadlinePassed', action);
  if (roles.length === 0) throw refusal('InvalidRoles', action);
  const size = new TextEncoder().encode(peerId).length;
  if (size === 0 || size > 128) throw refusal('InvalidPeerId', action);
  if (is('trainer') && is('validator')) throw refusal('TrainerCannotValidate', action);
  if (accounts.has(account)) throw refusal('AlreadyJoined', action);
  if (ledger.owners[Number(agentId)] !== account) throw refusal('NotIdentity', action);
  if (is('validator') && !state.validators.includes(account)) {
    throw refusal('ValidatorNotAppointed', action);
  }
  if (is('trainer') || is('aggregator')) {
    if (state.allowRoot && !isAllowed(account, state.allowRoot, request.allowProof ?? [])) {
      throw refusal('NotAllowed', action);
    }
    const found = reputation(ledger, agentId);
    if (found < state.minReputation) throw refusal('ReputationTooLow', action, { reputation: found });
  }
  if (is('trainer') && state.trainers.length === state.maxTrainers) throw refusal('TaskFull', action);
  if (is('aggregator') && state.aggregators.length === MAX_AGGREGATORS) throw refusal('TaskFull', action);
  ledger.stakes.lock(state.token, agentId, taskId, state.stake);
  if (is('trainer')) state.trainers.push(account);
  if (is('aggregator')) state.aggregators.push(account);
  const order: Role[] = ['trainer', 'validator', 'aggregator'];
  const member: Member = { address: account, agentId, roles: order.filter(is), peerId };
  members.push(member);
  accounts.set(account, {
    roles: member.roles,
    agentId,
    released: false,
    earned: 0n,
    claimed: 0n,
    lastRound: null,
    absenceBps: 0,
    lastAbsent: 0,
    absentRounds: 0,
  });
  state.activeValidators = state.validators.filter((v) =>
    members.some((m) => m.address === v && m.roles.includes('validator')),
  );
  emit({ type: 'joined', taskId, member });
  const complete =
    state.trainers.length === state.maxTrainers &&
    state.aggregators.length >= state.minAggregators &&
    state.activeValidators.length === state.validators.length;
  if (complete) start(ledger, taskId, emit);
}
