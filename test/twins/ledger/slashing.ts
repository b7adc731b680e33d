// What an offence costs, and where it goes.

import {
  type Address,
  OFFENCES,
  type Offence,
  openedReferences,
  type RoundState,
  type Slashing,
} from '@chorus/protocol';
import { AbiCoder, keccak256 } from 'ethers';
import { type Emit, type MemoryLedger, transactionOf } from './ledger.ts';
import type { MemoryTask } from './task.ts';

const BURN: Address = '0x000000000000000000000000000000000000dead';
const SLASH_OF: Record<Offence, keyof Slashing> = {
  'trainer-absent': 'trainerAbsence',
  'validator-absent': 'validatorAbsence',
  'aggregator-absent': 'aggregatorAbsence',
  unavailable: 'unavailable',
  'false-verdict': 'falseVerdict',
  'rejected-reference': 'rejectedReference',
};

export function slash(
  ledger: MemoryLedger,
  task: MemoryTask,
  round: number,
  member: Address,
  kind: Offence,
  reporter: Address,
  emit: Emit,
): void {
  const { state, accounts } = task;
  const account = accounts.get(member)!;
  const absence = kind.endsWith('-absent');
  const full = state.slashing[SLASH_OF[kind]];
  const bps = absence ? Math.min(full, Math.max(0, state.slashing.absenceCap - account.absenceBps)) : full;
  const amount = (state.stake * BigInt(bps)) / 10_000n;
  const values = [state.id, round, member, OFFENCES.indexOf(kind)];
  const types = ['uint256', 'uint256', 'address', 'uint8'];
  const offence = keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
  // One offence never stands in the way of a phase's end.
  if (amount === 0n || ledger.stakes.wasSlashed(offence)) return;
  ledger.slashed.set([state.id, round, member, kind].join('/'), amount);
  if (absence) account.absenceBps += bps;
  const own = reporter === member;
  const burned = { reporterBps: 0, burnBps: 10_000 };
  const shared = {
    reporterBps: own ? 0 : state.slashReporterBps,
    burnBps: state.slashBurnBps + (own ? state.slashReporterBps : 0),
  };
  const parts = ledger.stakes.slash(
    { token: state.token, agentId: account.agentId, taskId: state.id },
    offence,
    amount,
    absence ? burned : shared,
    { block: ledger.block + 1, transaction: transactionOf(ledger.block + 1) },
  );
  const { token } = state;
  ledger.money.transfer(token, ledger.stakeContract, BURN, parts.burned, 'slash');
  ledger.money.transfer(token, ledger.stakeContract, ledger.contract, parts.harmed, 'slash');
  state.remaining += parts.harmed;
  emit({ type: 'slashed', taskId: state.id, round, member, offence: kind, toTask: parts.harmed });
}

/** Verdicts were asked for, and no majority gave the same one that lets the round be settled. */
export function excused({ state, posted }: MemoryTask, round: RoundState): boolean {
  if (!round.verdictsRequested) return false;
  const opened = openedReferences(round).length;
  const counts = new Map<string, number>();
  for (const { round: number, verdict } of posted) {
    if (number !== round.round || verdict.rejected.length === opened) continue;
    const key = `${verdict.unavailable}/${verdict.rejected}/${verdict.novelty.x}/${verdict.novelty.y}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return 2 * Math.max(0, ...counts.values()) <= state.activeValidators.length;
}
