import type { Earnings, TokenAmount } from '@chorus/admin-api';
import type { Address } from '@chorus/protocol';
import type { Followed } from './followed.ts';

/** An amount of a token in its smallest units; what is shown also says the token's decimals. */
export type TokenUnits = Omit<TokenAmount, 'decimals'>;

/** Tokens whose balances are asked for; a node earns in one or two. */
const MAX_TOKENS = 20;

/** Minimum interval between two requests for balances, ms. */
const BALANCES_FRESH = 5_000;

/** What a node has earned, can claim and has staked. */
export class MoneyView {
  readonly #node: Followed;
  #claimable: { at: number; amounts: Promise<TokenUnits[]> } | null = null;

  constructor(node: Followed) {
    this.#node = node;
  }

  earned(): Omit<Earnings, 'decimals'>[] {
    return this.#node.journal.totals().map(({ token, rewards, fees, claimed, ...rounds }) => ({
      token,
      amount: (rewards + fees).toString(),
      rewards: rewards.toString(),
      fees: fees.toString(),
      claimed: claimed.toString(),
      ...rounds,
    }));
  }

  staked(): TokenUnits[] {
    return [...this.#node.budget.staked()].map(([token, amount]) => ({
      token,
      amount: amount.toString(),
    }));
  }

  /** Balances on chain, of the tokens this node has to do with; of the last seconds unless `fresh`. */
  claimable(fresh = false): Promise<TokenUnits[]> {
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

  #balances(): Promise<TokenUnits[]> {
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
