import { refusal } from '@chorus/chain';
import {
  type Address,
  type AvailableVote,
  type Hex,
  type RoundState,
  type RoundVerdict,
  sameAddress,
  type VerdictVote,
} from '@chorus/protocol';
import { verifyTypedData, type Wallet } from 'ethers';
import { AVAILABLE, domainOf, hashOf, pointHash, VERDICT } from '../typed-data.ts';
import { lower, type MemoryLedger } from './ledger.ts';
import type { MemoryTask } from './task.ts';

/** What a validator says of a round. */
type Statement = RoundVerdict | { trainer: number };

/** Where its word counts. */
interface Contract {
  chainId: number;
  contract: Address;
}

const bitmap = (indices: number[]): bigint => indices.reduce((bits, i) => bits | (1n << BigInt(i)), 0n);

/** The order of appointment is that of the places that the references name. */
function commitmentsOf({ updates, references }: RoundState): Hex {
  const opened: (RoundState['references'][number]['opened'] | undefined)[] = [];
  for (const reference of references) opened[reference.index] = reference.opened;
  return hashOf({ updates, references: opened });
}

function typed({ chainId, contract }: Contract, judged: RoundState, statement: Statement) {
  const about = { taskId: judged.taskId, round: judged.round, commitments: commitmentsOf(judged) };
  const domain = domainOf(chainId, contract);
  if ('trainer' in statement) return [domain, AVAILABLE, { ...about, ...statement }] as const;
  const { lossBefore, lossAfter } = statement;
  const unavailable = bitmap(statement.unavailable);
  const rejected = bitmap(statement.rejected);
  const novelty = pointHash(statement.novelty);
  return [domain, VERDICT, { ...about, unavailable, rejected, novelty, lossBefore, lossAfter }] as const;
}

export async function sign(
  wallet: Wallet,
  contract: Contract,
  judged: RoundState,
  statement: Statement,
): Promise<Hex> {
  const [domain, types, message] = typed(contract, judged, statement);
  return (await wallet.signTypedData(domain, { ...types }, message)) as Hex;
}

export function isSignedBy(
  { validator, signature }: { validator: Address; signature: Hex },
  contract: Contract,
  judged: RoundState,
  statement: Statement,
): boolean {
  const [domain, types, message] = typed(contract, judged, statement);
  try {
    return sameAddress(verifyTypedData(domain, { ...types }, message, signature), validator);
  } catch {
    return false;
  }
}

/** Checks a vote on a round as the ledger has it, and adds its validator to those `seen`, where it must not be yet. */
export function checkVote(
  ledger: MemoryLedger,
  { state, rounds }: MemoryTask,
  round: number,
  statement: Statement,
  vote: VerdictVote | AvailableVote,
  seen: Set<Address>,
  action: string,
): void {
  const address = lower(vote.validator);
  if (seen.has(address) || !state.activeValidators.includes(address)) throw refusal('InvalidVotes', action);
  if (!isSignedBy(vote, ledger, rounds[round - 1]!, statement)) throw refusal('InvalidVotes', action);
  seen.add(address);
}
