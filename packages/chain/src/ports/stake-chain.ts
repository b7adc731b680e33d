import {
  type Address,
  type HeadChain,
  type IdentityChain,
  type Sent,
  type StakeChain,
  stakeValue,
  type UnbondTicket,
} from '@chorus/protocol';
import { type Result, ZeroAddress } from 'ethers';
import { PARAMETERS, STAKE_MANAGER } from '../abi/abis.ts';
import { readStakeAccount } from '../read/stake-account.ts';
import { signPermit } from '../write/permit.ts';
import { type Call, eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Time in which a permit must be mined. */
const PERMIT_SECONDS = 3_600;

/** The stake port, with the extras of this implementation. */
export interface EvmStakeChain extends StakeChain {
  /** Like `depositStake`, with the approval signed (EIP-2612) instead of sent. */
  depositStakeWithPermit(token: Address, agentId: bigint, amount: bigint): Sent;
  /** Stake that a task has locked from the pool behind an identity. */
  lockedStake(token: Address, agentId: bigint, taskId: bigint): Promise<bigint>;
  /** Null if the ticket does not exist, or was paid out. Its shares are 0 if slashing took the whole pool. */
  unbondTicket(ticketId: bigint): Promise<(UnbondTicket & { owner: Address }) | null>;
}

/** Stake, in the stake contract. */
export function createStakeChain(
  { connection, reader, writer, contracts, signal }: ChainParts,
  { identity }: Pick<IdentityChain, 'identity'>,
  { now }: Pick<HeadChain, 'now'>,
): EvmStakeChain {
  const { account, signer, provider, deployedAt: fromBlock } = connection;

  const view = async (name: string, args: unknown[]): Promise<Result> =>
    reader.view(name, args, (await contracts()).stakes, STAKE_MANAGER);

  const callOf = async (action: string, name: string, args: unknown[]): Promise<Call & { to: Address }> => ({
    action,
    to: (await contracts()).stakes,
    abi: STAKE_MANAGER,
    name,
    args,
  });

  return {
    depositStake: async (token, agentId, amount) => {
      const call = await callOf('deposit stake', 'deposit', [token, agentId, amount]);
      return receiptOf(await writer.spend(call, token, amount));
    },

    depositStakeWithPermit: async (token, agentId, amount) => {
      const { stakes: spender } = await contracts();
      const deadline = (await now()) + PERMIT_SECONDS;
      const permit = { token, owner: account, spender, value: amount, deadline };
      const { v, r, s } = await signPermit(reader, signer, permit);
      const args = [token, agentId, amount, deadline, v, r, s];
      return writer.receipt(await callOf('deposit stake', 'depositWithPermit', args));
    },

    stake: async (token, agentId) => {
      const [[pool], [free]] = await Promise.all([
        view('pool', [token, agentId]),
        view('freeStake', [token, agentId]),
      ]);
      return { tokens: pool.tokens, locked: pool.locked, free };
    },

    stakeShares: async (token, agentId) => {
      const [[pool], [shares]] = await Promise.all([
        view('pool', [token, agentId]),
        view('sharesOf', [token, agentId, account]),
      ]);
      const { tokens, locked, shares: all, unbondingShares: unbonding } = pool;
      return { shares, value: stakeValue({ tokens, locked, shares: all, unbonding }, shares) };
    },

    requestUnbond: async (token, agentId, shares) => {
      const mined = await writer.send(
        await callOf('unbond stake', 'requestUnbond', [token, agentId, shares]),
      );
      const told = eventOf(mined, STAKE_MANAGER, 'UnbondRequested');
      const maturesAt = Number(told.maturesAt);
      const ticket: UnbondTicket = { id: told.ticketId, token, agentId, shares, maturesAt };
      return { ...receiptOf(mined), ticket };
    },

    withdrawStake: async (ticketId) => {
      const mined = await writer.send(await callOf('withdraw stake', 'withdraw', [ticketId]));
      return { ...receiptOf(mined), amount: eventOf(mined, STAKE_MANAGER, 'Withdrawn').amount };
    },

    stakeAccount: async (owner) => {
      const [{ stakes, identities }, agentId] = await Promise.all([contracts(), identity(owner)]);
      return readStakeAccount({ provider, reader, stakes, identities, fromBlock, signal }, owner, agentId);
    },

    stakeContract: async () => (await contracts()).stakes,

    unbondSeconds: async () => {
      const { parameters } = await contracts();
      return Number((await reader.view('unbondSeconds', [], parameters, PARAMETERS))[0]);
    },

    releaseStake: (taskId, member) => {
      const args = [taskId, member];
      return writer.receipt({ action: 'release a stake', name: 'releaseStake', args });
    },

    lockedStake: async (token, agentId, taskId) => (await view('lockOf', [token, agentId, taskId]))[0],

    unbondTicket: async (ticketId) => {
      const [found] = await view('ticket', [ticketId]);
      if (found.owner === ZeroAddress) return null;
      return {
        id: ticketId,
        owner: found.owner.toLowerCase(),
        token: found.token.toLowerCase(),
        agentId: found.agentId,
        shares: found.shares,
        maturesAt: Number(found.maturesAt),
      };
    },
  };
}
