import type { Address, Hex, MemberEvent, RecordChain } from '@chorus/protocol';
import { toBeHex, zeroPadValue } from 'ethers';
import { STAKE_MANAGER, TASK_MANAGER } from '../abi/abis.ts';
import { decodeEvent, parse } from '../abi/decode.ts';
import { type LogFilter, RpcLogs } from '../events/logs.ts';
import type { IndexedLog } from '../events/store.ts';
import { read } from '../rpc/rpc.ts';
import type { ChainParts } from './parts.ts';

/** One identity has few such events: endpoints that limit results let long ranges pass. */
const SEARCH_RANGE = 1_000_000;

const topic = (name: string): string => TASK_MANAGER.getEvent(name)!.topicHash;

/** The conduct of members, in the events of the task and the stake contract. */
export function createRecordChain({ connection, contracts, signal }: ChainParts): RecordChain {
  const { provider, contract, deployedAt: from } = connection;
  const logs = new RpcLogs(provider, { signal, maxRange: SEARCH_RANGE });

  return {
    memberEvents: async (agentId) => {
      const to = await read('read the head', () => provider.getBlockNumber(), signal);
      const search = (filter: Omit<LogFilter, 'from' | 'to'>) => logs.between({ ...filter, from, to });
      const id = zeroPadValue(toBeHex(agentId), 32);
      const ofTasks = (name: string, ...topics: (string | null)[]) =>
        search({ addresses: [contract], topics: [topic(name), ...topics] });
      const joined = await ofTasks('Joined', null, null, id);
      /** Tasks by the account that the identity joined them with: identities are handed on. */
      const tasks = new Map<string, Set<string>>();
      for (const { topics } of joined) {
        const member = topics[2]!;
        tasks.set(member, (tasks.get(member) ?? new Set()).add(topics[1]!));
      }
      const own: IndexedLog[] = [...joined];
      for (const [member, ids] of tasks) {
        const found = await Promise.all(
          ['MemberSlashed', 'MemberLeaving', 'CaseResolved'].map((name) => ofTasks(name, null, null, member)),
        );
        own.push(...found.flat().filter(({ topics }) => ids.has(topics[1]!)));
      }
      const slashed = await search({
        addresses: [(await contracts()).stakes],
        topics: [STAKE_MANAGER.getEvent('Slashed')!.topicHash, null, id],
      });
      const costs = slashesOf(slashed);
      return own.sort(inOrder).flatMap((log) => memberEvent(log, costs) ?? []);
    },
  };
}

const inOrder = (a: IndexedLog, b: IndexedLog): number =>
  a.blockNumber - b.blockNumber || a.logIndex - b.logIndex;

type Costs = ReadonlyMap<string, { token: Address; amount: bigint }>;

/** What each offence cost, by its hash. */
function slashesOf(logs: readonly IndexedLog[]): Costs {
  return new Map(
    logs.flatMap((log) => {
      const { token, offence, amount } = STAKE_MANAGER.parseLog(log)!.args;
      return [[offence as string, { token: String(token).toLowerCase() as Address, amount }]] as const;
    }),
  );
}

function memberEvent(log: IndexedLog, costs: Costs): MemberEvent | null {
  const event = decodeEvent(log);
  const at = { position: { block: log.blockNumber, transaction: log.transactionHash as Hex } };
  switch (event?.type) {
    case 'joined':
      return { ...at, type: 'joined', taskId: event.taskId, roles: event.member.roles };
    case 'slashed': {
      const cost = costs.get(parse(log)!.args.offence);
      const { taskId, round, offence } = event;
      return cost ? { ...at, type: 'slashed', taskId, round, offence, ...cost } : null;
    }
    case 'member-leaving':
      return { ...at, type: 'left', taskId: event.taskId, round: event.round, dropped: event.dropped };
    case 'case-resolved':
      return {
        ...at,
        type: 'case-resolved',
        taskId: event.taskId,
        round: event.round,
        available: event.available,
      };
    default:
      return null;
  }
}
