import type { Address } from '@chorus/protocol';
import type { Earnings } from '../admin/schema/rounds.ts';
import type { TokenAmount } from '../admin/schema/values.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';

/** Maximum number of tokens whose balances are requested; a node earns in one or two. */
const MAX_TOKENS = 20;

/** Minimum interval between two requests for balances, ms. */
const BALANCES_FRESH = 5_000;

/** What a node has earned, can claim and has staked. */
export class MoneyView {
  readonly #node: ChorusNode;
  #claimable: { at: number; amounts: Promise<TokenAmount[]> } | null = null;

  constructor(node: ChorusNode) {
    this.#node = node;
  }

  earned(): Earnings[] {
    return this.#node.journal.totals().map(({ token, rewards, fees, claimed, ...rounds }) => ({
      token,
      amount: (rewards + fees).toString(),
      rewards: rewards.toString(),
      fees: fees.toString(),
      claimed: claimed.toString(),
      ...rounds,
    }));
  }

  staked(): TokenAmount[] {
    return [...this.#node.resources.staked()].map(([token, amount]) => ({
      token,
      amount: amount.toString(),
    }));
  }

  /** Balances on chain, in the tokens of this node's tasks; up to some seconds old unless `fresh`. */
  claimable(fresh = false): Promise<TokenAmount[]> {
    if (fresh || !this.#claimable || Date.now() - this.#claimable.at > BALANCES_FRESH) {
      const amounts = this.#balances();
      this.#claimable = { at: Date.now(), amounts };
      amounts.catch(() => this.forget());
    }
    return this.#claimable.amounts;
  }

  /** Request the balances again, because they have changed. */
  forget(): void {
    this.#claimable = null;
  }

  #balances(): Promise<TokenAmount[]> {
    const node = this.#node;
    const { chain } = node.ports;
    const tokens = new Set([
      ...node.followed().flatMap(({ task }) => (task ? [task.token.toLowerCase()] : [])),
      ...node.journal.totals().map(({ token }) => token.toLowerCase()),
    ]) as Set<Address>;
    return Promise.all(
      [...tokens].slice(0, MAX_TOKENS).map(async (token) => ({
        token,
        amount: (await chain.claimable(token, chain.account, node.tasksPaying(token))).toString(),
      })),
    );
  }
}
