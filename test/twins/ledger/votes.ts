import { type Address, type Hex, type RoundState, type RoundVerdict, sameAddress } from '@chorus/protocol';
import { verifyTypedData, type Wallet } from 'ethers';
import { AVAILABLE, domainOf, hashOf, VERDICT } from '../typed-data.ts';

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
  return [domain, VERDICT, { ...about, unavailable, rejected, lossBefore, lossAfter }] as const;
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
