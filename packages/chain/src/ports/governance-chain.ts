import {
  type Address,
  type GovernanceChain,
  type GovernanceRules,
  PROPOSAL_STATES,
  sameAddress,
} from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import { type Interface, type Result, ZeroAddress } from 'ethers';
import { GOVERNOR, TIMELOCK, TOKEN } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';
import { findGovernance, type GovernanceAddresses } from '../contracts/governance.ts';
import { ChainError } from '../errors/errors.ts';
import { EventHistory } from '../events/event-history.ts';
import { confirmationsOf } from '../events/event-index.ts';
import { RpcLogs } from '../events/logs.ts';
import { type FullProposal, fullProposal, type GovernanceEvent, keptOf } from '../governance/events.ts';
import { ballotsOf, changesOf, proposalsOf } from '../governance/history.ts';
import { readParameters } from '../governance/read-parameters.ts';
import { isDevChain, read } from '../rpc/rpc.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import { type ChainParts, once } from './parts.ts';

/** Blocks whose times are remembered. */
const MOST_BLOCK_TIMES = 4_096;

/** Votes on the parameters, in the governor, the timelock and the token. */
export function createGovernanceChain(parts: ChainParts): GovernanceChain {
  const { writer, connection, signal } = parts;
  const { provider, account, chainId, deployedAt } = connection;
  // A development chain without transactions has an old time. The block that it would mine now has the present one.
  const blockTag = isDevChain(chainId) ? 'pending' : 'latest';

  const addresses = once(async () => {
    const { parameters } = await parts.contracts();
    return findGovernance(provider, parameters, deployedAt, signal);
  });

  const history = once(async () => {
    const found = await addresses();
    const { parameters } = await parts.contracts();
    return new EventHistory<GovernanceEvent>({
      provider,
      addresses: [found.governor, found.timelock, parameters],
      fromBlock: deployedAt,
      confirmations: confirmationsOf(chainId),
      signal,
      keep: keptOf(found),
    });
  });
  const events = async () => (await history()).read();

  const view = async (to: Address, abi: Interface, name: string, args: unknown[] = []): Promise<Result> => {
    const data = abi.encodeFunctionData(name, args);
    const result = await read(`read ${name}`, () => provider.call({ to, data, blockTag }), signal);
    return abi.decodeFunctionResult(name, result);
  };
  const one = async (on: keyof GovernanceAddresses, name: string, args: unknown[] = []) =>
    (await view((await addresses())[on], ABIS[on], name, args))[0];

  /** Times of blocks do not change, unless a reorganisation replaces them: by a second or so. */
  const blockTimes = new BoundedMap<number, number>(MOST_BLOCK_TIMES);
  const timeOf = async (block: number): Promise<number> => {
    const known = blockTimes.get(block);
    if (known !== undefined) return known;
    const found = await read('read a block', () => provider.getBlock(block), signal);
    const time = found?.timestamp ?? 0;
    if (found) blockTimes.set(block, time);
    return time;
  };

  /** All calls of a proposal, which the governor takes again for each step. */
  const full = async (id: bigint): Promise<FullProposal> => {
    const known = proposalsOf(await events()).find((proposal) => proposal.id === id);
    if (known) {
      const { governor } = await addresses();
      const { block } = known.position;
      const logs = await new RpcLogs(provider, { signal }).between({
        addresses: [governor],
        from: block,
        to: block,
      });
      const found = logs.map(fullProposal).find((proposal) => proposal?.id === id);
      if (found) return found;
    }
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'no such proposal', {
      facts: { proposal: id, check: 'GovernorNonexistentProposal' },
      hint: 'list the proposals: chorus governance list',
    });
  };

  const send = async (action: string, name: string, args: unknown[]) =>
    writer.send({ action, to: (await addresses()).governor, abi: GOVERNOR, name, args });

  return {
    governance: async () => {
      const [found, around, revenue] = await Promise.all([
        addresses(),
        parts.contracts(),
        parts.revenueContracts(),
      ]);
      const [supply, delay, period, threshold, quorum, timelock, block] = await Promise.all([
        one('token', 'totalSupply'),
        one('governor', 'votingDelay'),
        one('governor', 'votingPeriod'),
        one('governor', 'proposalThreshold'),
        one('governor', 'quorumNumerator()'),
        one('timelock', 'getMinDelay'),
        read('read the clock', () => provider.getBlock(blockTag), signal),
      ]);
      return {
        contracts: { ...around, ...revenue, ...found } as GovernanceRules['contracts'],
        token: found.token,
        supply,
        time: block!.timestamp,
        votingDelay: Number(delay),
        votingPeriod: Number(period),
        timelockDelay: Number(timelock),
        threshold,
        quorumPercent: Number(quorum),
      };
    },

    parameterValues: async () => {
      const [found, { parameters }, changes] = await Promise.all([
        addresses(),
        parts.contracts(),
        events().then(changesOf),
      ]);
      const tokens = [found.token, ...changes.flatMap(({ token }) => token ?? [])];
      return readParameters({ ...found, parameters }, [...new Set(tokens)], view);
    },

    parameterChanges: async () => {
      const changes = changesOf(await events());
      const times = new Map<number, number>();
      for (const block of new Set(changes.map(({ position }) => position.block)))
        times.set(block, await timeOf(block));
      return changes.map((change) => ({ ...change, time: times.get(change.position.block)! }));
    },

    proposals: async () => proposalsOf(await events()),

    proposalProgress: async (id, voter = account) => {
      const { governor } = await addresses();
      const ask = (name: string, args: unknown[]) => view(governor, GOVERNOR, name, args);
      try {
        const [[number], votes, [snapshot], [eta], [hasVoted]] = await Promise.all([
          ask('state', [id]),
          ask('proposalVotes', [id]),
          ask('proposalSnapshot', [id]),
          ask('proposalEta', [id]),
          ask('hasVoted', [id, voter]),
        ]);
        const state = PROPOSAL_STATES[Number(number)]!;
        const counted = state !== 'pending' && state !== 'canceled';
        const [quorum, weight] = counted
          ? (await Promise.all([ask('quorum', [snapshot]), ask('getVotes', [voter, snapshot])])).flat()
          : [null, null];
        return {
          state,
          votes: { against: votes.againstVotes, for: votes.forVotes, abstain: votes.abstainVotes },
          quorum,
          executableAt: eta === 0n ? null : Number(eta),
          weight,
          hasVoted,
        };
      } catch (error) {
        if (error instanceof ChainError && error.facts.check === 'GovernorNonexistentProposal') return null;
        throw error;
      }
    },

    ballots: async (id) => ballotsOf(await events(), id),

    votingPower: async (of = account) => {
      const [balance, delegate, votes] = await Promise.all([
        one('token', 'balanceOf', [of]),
        one('token', 'delegates', [of]),
        one('token', 'getVotes', [of]),
      ]);
      const named = sameAddress(delegate, ZeroAddress) ? null : lower(delegate);
      return { account: lower(of), balance, delegate: named, votes };
    },

    delegateVotes: async (to) => {
      const { token } = await addresses();
      return writer.receipt({
        action: 'delegate votes',
        to: token,
        abi: TOKEN,
        name: 'delegate',
        args: [to],
      });
    },

    propose: async (calls, description) => {
      const lists = [calls.map((c) => c.target), calls.map((c) => c.value), calls.map((c) => c.data)];
      const mined = await send('propose', 'propose', [...lists, description]);
      return { ...receiptOf(mined), proposalId: eventOf(mined, GOVERNOR, 'ProposalCreated').proposalId };
    },

    castVote: async (id, choice, reason) => {
      const support = { against: 0, for: 1, abstain: 2 }[choice];
      const mined = await (reason
        ? send('vote', 'castVoteWithReason', [id, support, reason])
        : send('vote', 'castVote', [id, support]));
      return { ...receiptOf(mined), weight: eventOf(mined, GOVERNOR, 'VoteCast').weight };
    },

    queueProposal: async (id) => {
      const { targets, values, calldatas, descriptionHash } = await full(id);
      const mined = await send('queue a decision', 'queue', [targets, values, calldatas, descriptionHash]);
      const { etaSeconds } = eventOf(mined, GOVERNOR, 'ProposalQueued');
      return { ...receiptOf(mined), executableAt: Number(etaSeconds) };
    },

    executeProposal: async (id) => {
      const { targets, values, calldatas, descriptionHash } = await full(id);
      const args = [targets, values, calldatas, descriptionHash];
      return receiptOf(await send('execute a decision', 'execute', args));
    },
  };
}

const ABIS: Readonly<Record<keyof GovernanceAddresses, Interface>> = {
  governor: GOVERNOR,
  timelock: TIMELOCK,
  token: TOKEN,
};
