import type { Ports } from '@chorus/node';
import { ChorusError, type Hex, hasCode, type Role, sameAddress, type TaskState } from '@chorus/protocol';

/**
 * Become a member of a task: register an identity if the account has none, deposit missing stake, and join. Each
 * step reads the chain first, so that a repetition after a crash does nothing twice.
 *
 * @param registrationUri of the registration file, for an identity that is registered here
 * @param allowProof that the account is on the task's list, if there is one
 * @param maxStake the most this call may deposit, in the token's smallest unit
 * @throws ChorusError `E_STAKE_TOO_HIGH` if more would have to be deposited; errors of the chain
 */
export async function becomeMember(
  ports: Ports,
  registrationUri: () => string,
  task: TaskState,
  roles: Role[],
  allowProof: Hex[],
  maxStake: bigint,
): Promise<bigint> {
  const { chain, network } = ports;
  const agentId = (await chain.identity()) ?? (await chain.registerIdentity(registrationUri())).agentId;
  const members = await chain.members(task.id);
  if (members.some((m) => sameAddress(m.address, chain.account))) return agentId;
  const missing = task.stake - (await chain.stake(task.token, agentId)).free;
  if (missing > maxStake) {
    throw new ChorusError('E_STAKE_TOO_HIGH', 'the task requires more stake than this node may put at risk', {
      facts: { missing, maxStake },
      hint: 'raise the limit of stake, or deposit the stake yourself',
    });
  }
  if (missing > 0n) await chain.depositStake(task.token, agentId, missing);
  const { agreement } = task;
  const request = { agreement, agentId, roles, peerId: network.peerId, allowProof };
  await chain.join(task.id, request).catch((error) => {
    // An earlier attempt's transaction was mined after all.
    if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
  });
  return agentId;
}
