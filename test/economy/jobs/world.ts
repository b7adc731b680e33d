import {
  agenticCommerce,
  chorusToken,
  identityRegistry,
  optimisticEvaluator,
  parameters,
  stakeManager,
} from '@chorus/contracts';
import type { Address, Hex, JobVote } from '@chorus/protocol';
import {
  AbiCoder,
  Contract,
  type InterfaceAbi,
  type JsonRpcSigner,
  keccak256,
  toBeHex,
  ZeroAddress,
  zeroPadValue,
} from 'ethers';
import { as, type Evm, events, read, send, startEvm } from '../../compliance/evm.ts';

export const SUPPLY = 10n ** 30n;
export const SEAT_STAKE = 1000n;
/** Of the evaluator in these tests, seconds. */
export const WINDOW = 1000;
export const STEP = 300;
export const DECISION = WINDOW + 5 * STEP;

/** Jobs and their evaluator on a development chain. Account i owns identity i, and has stake for one seat behind it. */
export interface JobsWorld {
  evm: Evm;
  token: Contract;
  params: Contract;
  identities: Contract;
  stakes: Contract;
  commerce: Contract;
  evaluator: Contract;
  accounts: JsonRpcSigner[];
  /** No account of the others. */
  treasury: string;
  balance(of: string, asset?: Contract): Promise<bigint>;
  /** A job of the optimistic evaluator, funded by account 0; account 1 is its provider. */
  fund(budget?: bigint, asset?: Contract): Promise<number>;
  submit(budget?: bigint, asset?: Contract): Promise<number>;
  /** A job that was disputed and defended. */
  defend(budget?: bigint, asset?: Contract): Promise<number>;
  takeSeats(accounts: number[]): Promise<void>;
  /** @returns the jury's identities */
  draw(jobId: number): Promise<number[]>;
  commit(jobId: number, account: number, vote: JobVote): Promise<void>;
  reveal(jobId: number, account: number, vote: JobVote): Promise<void>;
}

export const VOTES: Readonly<Record<JobVote, number>> = { complete: 1, reject: 2 };
export const SALT = `0x${'5a'.repeat(32)}` as Hex;
export const DIGEST = `0x${'d1'.repeat(32)}` as Hex;
export const NONE = `0x${'00'.repeat(32)}` as Hex;

export function commitmentOf(
  evaluator: string,
  jobId: number | bigint,
  agentId: number | bigint,
  vote: JobVote,
): string {
  const types = ['uint256', 'address', 'uint256', 'uint256', 'uint8', 'bytes32'];
  return keccak256(
    AbiCoder.defaultAbiCoder().encode(types, [31337, evaluator, jobId, agentId, VOTES[vote], SALT]),
  );
}

/** A digest that stands for a number. */
export const digestOf = (n: number): Hex => zeroPadValue(toBeHex(n + 1), 32) as Hex;

export async function openJobsWorld(count = 9): Promise<JobsWorld> {
  const evm = await startEvm(count + 1);
  const accounts = evm.signers.slice(0, count);
  const treasury = evm.signers[count]!.address;
  const owner = accounts[0]!.address;
  const token = await evm.deploy(chorusToken, owner, SUPPLY);
  const identities = await evm.deploy(identityRegistry);
  const params = await evm.deploy(parameters, owner, treasury);
  const stakes = await evm.deploy(stakeManager, params.target, identities.target);
  const terms = {
    windowSeconds: WINDOW,
    stepSeconds: STEP,
    stakeToken: token.target,
    seatStake: SEAT_STAKE,
  };
  const around = [params.target, identities.target, stakes.target];
  const commerce = await evm.deploy(agenticCommerce, ...around, terms);
  const evaluator = new Contract(
    await read(commerce, 'optimisticEvaluator'),
    optimisticEvaluator.abi as InterfaceAbi,
    accounts[0],
  );
  for (const [i, account] of accounts.entries()) {
    await send(as(identities, account), 'register()');
    if (i > 0) await send(token, 'transfer', account.address, SUPPLY / 20n);
    for (const spender of [commerce, evaluator, stakes]) {
      await send(as(token, account), 'approve', spender.target, SUPPLY);
    }
    await send(as(stakes, account), 'deposit', token.target, i, SEAT_STAKE);
  }
  const [client, provider] = accounts as [JsonRpcSigner, JsonRpcSigner];
  const fund = async (budget = 10_000n, asset = token): Promise<number> => {
    const expiredAt = (await evm.now()) + 10 * DECISION;
    const args = [asset.target, provider.address, evaluator.target, expiredAt, 'a job', ZeroAddress];
    await send(as(commerce, client), 'createJobIn', ...args);
    const jobId = Number(await read(commerce, 'jobCount'));
    await send(as(commerce, client), 'setBudget', jobId, budget, '0x');
    await send(as(commerce, client), 'fund', jobId, budget, '0x');
    return jobId;
  };
  const submit = async (budget?: bigint, asset = token): Promise<number> => {
    const jobId = await fund(budget, asset);
    await send(as(commerce, provider), 'submit', jobId, DIGEST, '0x');
    return jobId;
  };
  const voteBy = (account: number) => as(evaluator, accounts[account]!);
  return {
    evm,
    token,
    params,
    identities,
    stakes,
    commerce,
    evaluator,
    accounts,
    treasury,
    balance: (of, asset = token) => read(asset, 'balanceOf', of),
    fund,
    submit,
    defend: async (budget, asset) => {
      const jobId = await submit(budget, asset);
      await send(as(evaluator, client), 'dispute', jobId, NONE);
      await send(as(evaluator, provider), 'defend', jobId, NONE);
      return jobId;
    },
    takeSeats: async (seats) => {
      for (const i of seats) await send(voteBy(i), 'takeSeat', i);
      await evm.passTime(1);
    },
    draw: async (jobId) => {
      const receipt = await send(evaluator, 'draw', jobId);
      return [...(events(receipt, evaluator, 'JuryDrawn')[0]?.agentIds ?? [])].map(Number);
    },
    commit: async (jobId, account, vote) => {
      const commitment = commitmentOf(evaluator.target as Address, jobId, account, vote);
      await send(voteBy(account), 'commit', jobId, account, commitment);
    },
    reveal: async (jobId, account, vote) => {
      await send(voteBy(account), 'reveal', jobId, account, VOTES[vote], SALT);
    },
  };
}
