import type { MemberRecordDocument } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import { type Address, ChorusError, memberRecord } from '@chorus/protocol';
import type { StakesChain } from './stakes-chain.ts';

/** Most entries in a document. */
const MAX_ENTRIES = 200;

/**
 * The conduct of an identity in tasks.
 * @param of its wallet or its number; by default the identity of this wallet
 * @throws ChorusError `E_STAKE_NO_IDENTITY`, and those of the chain
 */
export async function memberRecordDocument(chain: StakesChain, of?: string): Promise<MemberRecordDocument> {
  const agentId = await identityOf(chain, of);
  const identity = await chain.registeredAgent(agentId);
  if (identity === null) throw noIdentity(agentId.toString());
  const record = memberRecord(await chain.memberEvents(agentId));
  const inTokens = async ({ token, amount }: { token: Address; amount: bigint }) => ({
    token,
    decimals: await decimalsOf(chain, token),
    amount: amount.toString(),
  });
  const { entries, slashed, ...counts } = record;
  return {
    agentId: agentId.toString(),
    owner: identity.owner,
    ...counts,
    slashed: await Promise.all(slashed.map(inTokens)),
    entries: await Promise.all(
      entries
        .slice(0, MAX_ENTRIES)
        .map(async ({ kind, offence, taskId, round, slashed: cost, position }) => ({
          ...{ kind, offence, round },
          taskId: taskId.toString(),
          slashed: cost && (await inTokens(cost)),
          ...position,
        })),
    ),
  };
}

async function identityOf(chain: StakesChain, of: string | undefined): Promise<bigint> {
  if (of !== undefined && !of.startsWith('0x')) return BigInt(of);
  const account = (of?.toLowerCase() as Address | undefined) ?? chain.account;
  const agentId = await chain.identity(account);
  if (agentId === null) throw noIdentity(account);
  return agentId;
}

const noIdentity = (identity: string) =>
  new ChorusError('E_STAKE_NO_IDENTITY', 'there is no such identity', {
    facts: { identity: identity.slice(0, 80) },
    hint: 'give the number of an identity, or the wallet that has registered one',
  });
