import { refusal } from '@chorus/chain';
import type { Address, TillChain, TillTerms, UnitChain, UnitLaunch } from '@chorus/protocol';
import { MemoryGovernanceChain } from './governance-chain.ts';
import { lower, tillAddress } from './ledger.ts';

/** Holds what tills, units and royalties hold. */
const POT: Address = '0x0000000000000000000000000000000000007111';

/** Tills and units of a `MemoryLedger`, as one account sees them. */
export class MemoryRevenueChain extends MemoryGovernanceChain implements TillChain, UnitChain {
  async tillOf(agentId: bigint): Promise<Address | null> {
    return this.ledger.hasTills ? tillAddress(agentId) : null;
  }

  async till(agentId: bigint) {
    const { revenue } = this.ledger;
    const [terms, proposed] = [revenue.termsOf(agentId), revenue.proposedTerms(agentId)];
    return structuredClone({ address: tillAddress(agentId), terms, proposed });
  }

  async collectable(agentId: bigint, token: Address): Promise<bigint> {
    const { ledger } = this;
    return ledger.balance(token, tillAddress(agentId)) + ledger.revenue.passed.get(agentId, lower(token));
  }

  setTillTerms(agentId: bigint, terms: TillTerms) {
    const { revenue } = this.ledger;
    return this.ledger.transact(() => ({
      effectiveAt: revenue.setTerms(this.account, agentId, structuredClone(terms), this.ledger.now()),
    }));
  }

  applyTillTerms(agentId: bigint) {
    return this.ledger.transact(() => {
      this.ledger.revenue.applyTerms(agentId, this.ledger.now());
      return {};
    });
  }

  collectTill(agentId: bigint, token: Address) {
    return this.ledger.transact(() => {
      this.#fill(agentId, token);
      return { collection: this.ledger.revenue.collect(agentId, lower(token)) };
    });
  }

  async owedByTills(token: Address, account: Address): Promise<bigint> {
    return this.ledger.revenue.owed.get(lower(account), lower(token));
  }

  withdrawFromTills(token: Address) {
    return this.#paying(token, () => this.ledger.revenue.withdraw(lower(token), this.account));
  }

  async royalties(token: Address, account: Address, taskIds: bigint[]): Promise<bigint> {
    return this.ledger.revenue.royalties(lower(account), lower(token), taskIds);
  }

  claimRoyalties(token: Address, taskIds: bigint[]) {
    return this.#paying(token, () => this.ledger.revenue.claimRoyalties(this.account, lower(token), taskIds));
  }

  async units(agentId: bigint, holder: Address = this.account) {
    const { revenue } = this.ledger;
    const launched = revenue.units.get(agentId);
    if (!launched) return null;
    const { perUnit: _, remainder: __, revenue: ___, ...terms } = launched;
    return {
      ...terms,
      agentId,
      reserve: revenue.reserve(agentId),
      locked: revenue.locked(agentId, this.ledger.now()),
      held: revenue.held.get(lower(holder), agentId),
      revenue: revenue.revenueOf(agentId, lower(holder)),
    };
  }

  async quotePurchase(agentId: bigint, amount: bigint) {
    return this.ledger.revenue.quote(agentId, amount, 'purchase');
  }

  async quoteSale(agentId: bigint, amount: bigint) {
    return this.ledger.revenue.quote(agentId, amount, 'sale');
  }

  launchUnits(agentId: bigint, launch: UnitLaunch) {
    const { revenue, money } = this.ledger;
    return this.ledger.transact(() => {
      const terms = { ...launch, token: lower(launch.token) };
      const paid = revenue.launch(this.account, agentId, terms, this.ledger.now());
      money.transfer(launch.token, this.account, POT, paid, 'launch units');
      return {};
    });
  }

  buyUnits(agentId: bigint, amount: bigint, most: bigint) {
    return this.ledger.transact(() => {
      const token = this.#tokenOf(agentId);
      const paid = this.ledger.revenue.buy(this.account, agentId, amount, most);
      this.ledger.money.transfer(token, this.account, POT, paid, 'buy units');
      return { paid };
    });
  }

  async sellUnits(agentId: bigint, amount: bigint, least: bigint) {
    const sell = () => {
      const { revenue } = this.ledger;
      return revenue.sell(this.account, agentId, amount, least, this.ledger.now());
    };
    const { amount: received, ...receipt } = await this.#paying(this.#tokenOf(agentId), sell);
    return { ...receipt, received };
  }

  claimUnitRevenue(agentIds: bigint[]) {
    return this.ledger.transact(() => {
      const { revenue, money } = this.ledger;
      const due = agentIds.filter((agentId) => revenue.revenueOf(agentId, this.account) > 0n);
      if (due.length === 0) throw refusal('NothingToClaim', 'claim revenue of units');
      const amounts = due.map((agentId) => {
        const amount = revenue.claimUnits(this.account, agentId);
        money.transfer(
          revenue.units.get(agentId)!.token,
          POT,
          this.account,
          amount,
          'claim revenue of units',
        );
        return { agentId, amount };
      });
      return { amounts };
    });
  }

  /** A transaction that pays this account; trades of units first divide what is in the till. */
  #paying(token: Address, job: () => bigint) {
    return this.ledger.transact(() => {
      const amount = job();
      this.ledger.money.transfer(token, POT, this.account, amount, 'pay revenue out');
      return { amount };
    });
  }

  #tokenOf(agentId: bigint): Address {
    const launched = this.ledger.revenue.units.get(agentId);
    if (!launched) throw refusal('NotLaunched', 'trade units');
    this.#fill(agentId, launched.token);
    return launched.token;
  }

  /** Tell the rules what was paid to a till, and take it. */
  #fill(agentId: bigint, token: Address): void {
    const { revenue, money } = this.ledger;
    const paid = money.balance(token, tillAddress(agentId));
    if (paid === 0n) return;
    money.transfer(token, tillAddress(agentId), POT, paid, 'collect a till');
    revenue.tills.add(paid, agentId, lower(token));
  }
}
