import { withDecimals } from '@chorus/chain';
import type { Address } from '@chorus/protocol';
import type { ClaimResult, Rewards, RoundList } from '../admin/schema/rounds.ts';
import type { ClaimRequest, RoundsQuery } from '../admin/schema/routes.ts';
import type {
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from '../admin/schema/stakes.ts';
import type { AdminSource } from '../admin/source.ts';
import type { NodeObserver } from '../status/node-observer.ts';
import type { AttachedNode } from './attached-node.ts';
import { claimableAmounts, roundSummaries } from './summaries.ts';

type MoneyMethods =
  | 'rounds'
  | 'rewards'
  | 'claim'
  | 'stakes'
  | 'depositStake'
  | 'unbondStake'
  | 'withdrawStake';

/** What rounds paid, rewards and stake. */
export function moneySource(attached: AttachedNode, observer: NodeObserver): Pick<AdminSource, MoneyMethods> {
  return {
    async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
      const { node } = attached.running();
      const query = { limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) };
      return { rounds: await roundSummaries(node, observer, query) };
    },

    async rewards(): Promise<Rewards> {
      const running = attached.running();
      const { node, money } = running;
      const [earned, claimable, staked] = await Promise.all([
        withDecimals(node.ports.chain, money.earned()),
        claimableAmounts(running),
        withDecimals(node.ports.chain, money.staked()),
      ]);
      return { earned, claimable, staked };
    },

    async claim({ token }: ClaimRequest): Promise<ClaimResult> {
      const { node, money } = attached.running();
      const wanted = token === undefined ? await money.claimable(true) : [{ token, amount: '1' }];
      const claimed: Omit<ClaimResult['claimed'][number], 'decimals'>[] = [];
      for (const { token: each, amount } of wanted) {
        if (amount === '0') continue;
        const receipt = await node.claim(each as Address);
        claimed.push({ token: each, amount: receipt.amount.toString(), transaction: receipt.transaction });
      }
      money.forget();
      return { claimed: await withDecimals(node.ports.chain, claimed) };
    },

    async stakes(query: StakesQuery): Promise<StakesDocument> {
      return attached.running().stakes.stakes(query);
    },

    async depositStake(request: StakeDepositRequest): Promise<StakeDepositResult> {
      return attached.running().stakes.depositStake(request);
    },

    async unbondStake(request: StakeUnbondRequest): Promise<StakeUnbondResult> {
      return attached.running().stakes.unbondStake(request);
    },

    async withdrawStake(request: StakeWithdrawRequest): Promise<StakeWithdrawResult> {
      return attached.running().stakes.withdrawStake(request);
    },
  };
}
