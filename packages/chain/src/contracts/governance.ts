import type { Address } from '@chorus/protocol';
import { type Interface, id, type JsonRpcProvider, type Result, zeroPadValue } from 'ethers';
import { GOVERNOR, PARAMETERS, TIMELOCK } from '../abi/abis.ts';
import { ChainError } from '../errors/errors.ts';
import { RpcLogs } from '../events/logs.ts';
import { read } from '../rpc/rpc.ts';

/** The contracts by which the holders of a token change the parameters. */
export interface GovernanceAddresses {
  governor: Address;
  timelock: Address;
  /** Its holders vote. */
  token: Address;
}

const PROPOSER = id('PROPOSER_ROLE');
const SEARCH_RANGE = 1_000_000;

/**
 * Find the governor of a deployment: the parameters name the timelock that owns them, and the timelock gave the governor
 * its role in an event.
 * @param fromBlock nothing before this block is searched
 * @throws ChainError `E_CHAIN_NO_GOVERNANCE` if no governor decides about the parameters; `E_CHAIN_UNREACHABLE`
 */
export async function findGovernance(
  provider: JsonRpcProvider,
  parameters: Address,
  fromBlock: number,
  signal: AbortSignal,
): Promise<GovernanceAddresses> {
  const view = async (to: string, abi: Interface, name: string, args: unknown[] = []): Promise<Result> => {
    const data = abi.encodeFunctionData(name, args);
    const result = await read(`read ${name}`, () => provider.call({ to, data }), signal);
    return abi.decodeFunctionResult(name, result);
  };
  const lower = ([address]: Result): Address => String(address).toLowerCase() as Address;
  const timelock = lower(await view(parameters, PARAMETERS, 'owner'));
  const code = await read('read the timelock', () => provider.getCode(timelock), signal);
  if (code === '0x')
    throw none('they belong to an account, not to a timelock', { parameters, owner: timelock });
  const to = await read('read the head', () => provider.getBlockNumber(), signal);
  const granted = await new RpcLogs(provider, { signal, maxRange: SEARCH_RANGE }).between({
    addresses: [timelock],
    from: fromBlock,
    to,
    topics: [TIMELOCK.getEvent('RoleGranted')!.topicHash, PROPOSER],
  });
  // The latest one first: a vote may have appointed another governor.
  for (const { topics } of granted.reverse()) {
    const governor = `0x${topics[2]!.slice(-40)}` as Address;
    try {
      const [holds] = await view(timelock, TIMELOCK, 'hasRole', [PROPOSER, zeroPadValue(governor, 20)]);
      if (!holds || lower(await view(governor, GOVERNOR, 'timelock')) !== timelock) continue;
      return { governor, timelock, token: lower(await view(governor, GOVERNOR, 'token')) };
    } catch (error) {
      // An account with the role that is no governor.
      if (error instanceof ChainError && error.code === 'E_CHAIN_UNREACHABLE') throw error;
    }
  }
  throw none('no governor may propose to their timelock', { parameters, timelock });
}

function none(reason: string, facts: Record<string, string>): ChainError {
  return new ChainError(
    'E_CHAIN_NO_GOVERNANCE',
    `no vote changes the parameters of this network: ${reason}`,
    {
      facts,
      hint: 'check chain.contract and chain.deployedAt; `chorus chain deploy` completes an interrupted deployment',
    },
  );
}
