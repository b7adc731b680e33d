import type { ClaimRequest, ClaimResult, Rewards } from '@chorus/admin-api';
import { withDecimals } from '@chorus/chain';
import type { Address } from '@chorus/protocol';
import type { RewardsSource } from '../admin-areas/rewards.ts';
import type { AskedTraining } from './asked-training.ts';

/** What rounds paid, and claiming it. */
export function rewardsSource(running: () => AskedTraining): RewardsSource {
  return {
    async rewards(): Promise<Rewards> {
      const node = running();
      const { money } = node.view;
      const [earned, claimable, staked] = await Promise.all([
        withDecimals(node.ports.chain, money.earned()),
        node.view.claimable(),
        withDecimals(node.ports.chain, money.staked()),
      ]);
      return { earned, claimable, staked };
    },

    async claim({ token }: ClaimRequest): Promise<ClaimResult> {
      const node = running();
      const { money } = node.view;
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
  };
}
