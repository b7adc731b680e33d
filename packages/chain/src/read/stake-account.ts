import {
  type Address,
  type Hex,
  MAX_FOREIGN_POOLS,
  MAX_STAKE_HOLDERS,
  type StakeAccount,
  type StakePosition,
  sameAddress,
  type UnbondTicket,
} from '@chorus/protocol';
import { type JsonRpcProvider, type Result, toBeHex, zeroPadValue } from 'ethers';
import { IDENTITIES, STAKE_MANAGER } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';
import { RpcLogs } from '../events/logs.ts';
import { read } from '../rpc/rpc.ts';
import type { TaskReader } from './reader.ts';

interface StakeQuery {
  provider: JsonRpcProvider;
  reader: TaskReader;
  /** The stake contract, and the identity registry. */
  stakes: Address;
  identities: Address;
  /** Nothing before this block is searched. */
  fromBlock: number;
  signal: AbortSignal;
}

/** An event of the stake contract. */
interface StakeEvent {
  name: string;
  args: Result;
  block: number;
  transaction: Hex;
}

/** Events of a pool, whose identity is their second parameter. */
const POOL_EVENTS: readonly string[] = ['Deposited', 'Locked', 'Unlocked', 'Slashed'];

/** One account or one identity has few events of stake: endpoints that limit results let long ranges pass. */
const SEARCH_RANGE = 1_000_000;

/**
 * What an account has at stake. Events say where to look, and the contract's state is what counts: shares, tickets and
 * locks are read from it.
 *
 * @param agentId the identity of the account, where it has one
 */
export async function readStakeAccount(
  query: StakeQuery,
  account: Address,
  agentId: bigint | null,
): Promise<StakeAccount> {
  const to = await read('read the head', () => query.provider.getBlockNumber(), query.signal);
  const own = await eventsOf(query, to, [topic('Deposited'), null, null, zeroPadValue(account, 32)]);
  const agents = new Set(own.map(({ args }) => args.agentId as bigint));
  if (agentId !== null) agents.add(agentId);
  const positions: StakePosition[] = [];
  for (const agent of agents) {
    const id = zeroPadValue(toBeHex(agent), 32);
    const all = await eventsOf(query, to, [null, null, id]);
    const events = all.filter(({ name }) => POOL_EVENTS.includes(name));
    // Of a request, the identity is the third.
    const requests = await eventsOf(query, to, [topic('UnbondRequested'), null, null, id]);
    const owner = await ownerOf(query, agent);
    const { own: mine, foreign } = tokensOf(events, account);
    // Pools of others' identities are listed for what the account has in them.
    for (const token of agent === agentId ? [...mine, ...foreign] : mine) {
      const ofToken = ({ args }: StakeEvent) => sameAddress(args.token, token);
      const history = { events: events.filter(ofToken), requests: requests.filter(ofToken) };
      positions.push({ token, agentId: agent, owner, ...(await positionOf(query, account, history)) });
    }
  }
  return { account: account.toLowerCase() as Address, agentId, positions: ownFirst(positions) };
}

const topic = (name: string): string => STAKE_MANAGER.getEvent(name)!.topicHash;

/** Whether the account itself has something in the pool. */
const isOwn = ({ shares, tickets }: StakePosition): boolean => shares > 0n || tickets.length > 0;

function ownFirst(positions: StakePosition[]): StakePosition[] {
  return [...positions.filter(isOwn), ...positions.filter((position) => !isOwn(position))];
}

/** Tokens that were deposited behind an identity: those that the account deposited, and some that only others did. */
function tokensOf(events: readonly StakeEvent[], account: Address): { own: Address[]; foreign: Address[] } {
  const own = new Set<Address>();
  const foreign = new Set<Address>();
  for (const { name, args } of events) {
    if (name === 'Deposited') (sameAddress(args.owner, account) ? own : foreign).add(lower(args.token));
  }
  const others = [...foreign].filter((token) => !own.has(token));
  return { own: [...own], foreign: others.slice(0, MAX_FOREIGN_POOLS) };
}

async function positionOf(
  { reader, stakes }: StakeQuery,
  account: Address,
  { events, requests }: { events: StakeEvent[]; requests: StakeEvent[] },
): Promise<Omit<StakePosition, 'token' | 'agentId' | 'owner'>> {
  const view = (name: string, args: unknown[]) => reader.view(name, args, stakes, STAKE_MANAGER);
  const { token, agentId } = events[0]!.args;
  const sharesOf = async (owner: Address): Promise<bigint> =>
    (await view('sharesOf', [token, agentId, owner]))[0];
  const [[pool], shares] = await Promise.all([view('pool', [token, agentId]), sharesOf(account)]);
  const tickets: UnbondTicket[] = [];
  for (const { args } of requests) {
    if (!sameAddress(args.owner, account)) continue;
    const [ticket] = await view('ticket', [args.ticketId]);
    // Paid out already.
    if (!sameAddress(ticket.owner, account)) continue;
    tickets.push({
      id: args.ticketId,
      token: lower(token),
      agentId,
      shares: ticket.shares,
      maturesAt: Number(ticket.maturesAt),
    });
  }
  const locks = [];
  for (const taskId of lockedTasks(events)) {
    const [amount] = await view('lockOf', [token, agentId, taskId]);
    if (amount > 0n) locks.push({ taskId, amount });
  }
  const holders = [];
  for (const owner of depositors(events, account)) {
    const held = await sharesOf(owner);
    if (held > 0n) holders.push({ account: owner, shares: held });
  }
  return {
    pool: {
      tokens: pool.tokens,
      locked: pool.locked,
      shares: pool.shares,
      unbonding: pool.unbondingShares,
    },
    shares,
    tickets,
    locks,
    holders,
    slashes: events
      .filter(({ name }) => name === 'Slashed')
      .map(({ args, block, transaction }) => ({
        taskId: args.taskId as bigint,
        amount: args.amount as bigint,
        block,
        transaction,
      }))
      .reverse(),
  };
}

function lockedTasks(events: readonly StakeEvent[]): Set<bigint> {
  const tasks = new Set<bigint>();
  for (const { name, args } of events) {
    if (name === 'Locked') tasks.add(args.taskId);
    else if (name === 'Unlocked') tasks.delete(args.taskId);
  }
  return tasks;
}

/** Who deposited, the most first; the account always. */
function depositors(events: readonly StakeEvent[], account: Address): Address[] {
  const deposits = new Map<Address, bigint>();
  for (const { name, args } of events) {
    if (name !== 'Deposited') continue;
    const owner = lower(args.owner);
    deposits.set(owner, (deposits.get(owner) ?? 0n) + (args.amount as bigint));
  }
  const sorted = [...deposits].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
  const most = sorted.slice(0, MAX_STAKE_HOLDERS).map(([owner]) => owner);
  const own = lower(account);
  return !deposits.has(own) || most.includes(own) ? most : [...most.slice(0, -1), own];
}

async function ownerOf({ reader, identities }: StakeQuery, agentId: bigint): Promise<Address> {
  return lower((await reader.view('ownerOf', [agentId], identities, IDENTITIES))[0]);
}

async function eventsOf(
  { provider, stakes, fromBlock, signal }: StakeQuery,
  to: number,
  topics: (string | null)[],
): Promise<StakeEvent[]> {
  const logs = await new RpcLogs(provider, { signal, maxRange: SEARCH_RANGE }).between({
    addresses: [stakes],
    from: fromBlock,
    to,
    topics,
  });
  return logs.flatMap(({ topics: [...found], data, blockNumber, transactionHash }) => {
    const parsed = STAKE_MANAGER.parseLog({ topics: found, data });
    return parsed === null
      ? []
      : [{ name: parsed.name, args: parsed.args, block: blockNumber, transaction: transactionHash as Hex }];
  });
}
