import { refusal } from '@chorus/chain';
import type { Address, TillTerms, UnitLaunch } from '@chorus/protocol';

const BPS = 10_000n;
const NOTICE = 7 * 86_400;
const FRACTION = 64n;

/** Integers by keys; 0 for what was never written. */
export class Amounts {
  readonly #amounts: Map<string, bigint>;
  constructor(amounts = new Map<string, bigint>()) {
    this.#amounts = amounts;
  }
  get(...key: unknown[]): bigint {
    return this.#amounts.get(key.join()) ?? 0n;
  }
  add(amount: bigint, ...key: unknown[]): void {
    this.#amounts.set(key.join(), this.get(...key) + amount);
  }
  take(...key: unknown[]): bigint {
    const amount = this.get(...key);
    this.#amounts.delete(key.join());
    return amount;
  }
  /** Of all keys that end so. */
  sum(last: string): bigint {
    return [...this.#amounts].reduce((sum, [key, v]) => sum + (`,${key}`.endsWith(`,${last}`) ? v : 0n), 0n);
  }
  clone(): Amounts {
    return new Amounts(new Map(this.#amounts));
  }
}

interface Units extends UnitLaunch {
  creator: Address;
  launchedAt: number;
  supply: bigint;
  perUnit: bigint;
  remainder: bigint;
  /** Distributed and not claimed. */
  revenue: bigint;
}

const NONE: TillTerms = { holdersBps: 0, models: [], tools: [] };

/** What the rules ask of the rest of the chain. */
export interface RevenueSurroundings {
  /** Owner of an identity, who is its wallet as well; undefined for an unknown identity. */
  ownerOf(agentId: bigint): Address | undefined;
  treasury: Address;
  /** What a trainer of a task has earned in it, and what all have; whether it has ended. */
  earned(taskId: bigint, account: Address): bigint;
  totalEarned(taskId: bigint): bigint;
  hasEnded(taskId: bigint): boolean;
}

/**
 * The rules of tills, units and royalties a second time, from the text of their interfaces: what each call changes, to the
 * unit, or the name of the error that it is refused with.
 */
export class RevenueRules {
  feeBps = 100n;
  owed = new Amounts();
  passed = new Amounts();
  /** What is in the tills. */
  tills = new Amounts();
  received = new Amounts();
  claimed = new Amounts();
  held = new Amounts();
  fees = new Amounts();
  units = new Map<bigint, Units>();
  #due = new Amounts();
  #counted = new Amounts();
  #open = new Set<bigint>();
  #terms = new Map<bigint, TillTerms>();
  #proposed = new Map<bigint, { terms: TillTerms; effectiveAt: number }>();
  readonly #around: RevenueSurroundings;

  constructor(around: RevenueSurroundings) {
    this.#around = around;
  }

  clone(): RevenueRules {
    const copy = new RevenueRules(this.#around);
    copy.feeBps = this.feeBps;
    for (const name of ['owed', 'passed', 'tills', 'received', 'claimed', 'held', 'fees'] as const) {
      copy[name] = this[name].clone();
    }
    copy.#due = this.#due.clone();
    copy.#counted = this.#counted.clone();
    copy.units = structuredClone(this.units);
    copy.#open = new Set(this.#open);
    copy.#terms = new Map(this.#terms);
    copy.#proposed = new Map(this.#proposed);
    return copy;
  }

  termsOf(agent: bigint): TillTerms {
    return this.#terms.get(agent) ?? NONE;
  }

  proposedTerms(agent: bigint): { terms: TillTerms; effectiveAt: number } | null {
    return this.#proposed.get(agent) ?? null;
  }

  /** @returns when the terms will count; null: now */
  setTerms(caller: Address, agent: bigint, terms: TillTerms, now: number): number | null {
    const { holdersBps, models, tools } = terms;
    this.#onlyOwner(caller, agent, 'set the terms of a till');
    const refuse = (name: string, facts = {}) => refusal(name, 'set the terms of a till', facts);
    const sorted = (shares: TillTerms['models']) =>
      shares.every(({ id, bps }, i) => bps > 0 && (i === 0 || id > shares[i - 1]!.id));
    const sum = [...models, ...tools].reduce((all, { bps }) => all + bps, holdersBps);
    if (models.length > 4 || tools.length > 8 || !sorted(models) || !sorted(tools) || sum > 10_000) {
      throw refuse('InvalidTerms');
    }
    for (const { id } of tools) {
      if (id === agent) throw refuse('InvalidTerms');
      if (this.#around.ownerOf(id) === undefined) throw refuse('ERC721NonexistentToken', { tokenId: id });
    }
    this.#keepPromise(agent, holdersBps);
    for (const { id } of models) {
      if (!this.#open.has(id) && this.#around.totalEarned(id) === 0n)
        throw refuse('NothingEarned', { taskId: id });
    }
    for (const { id } of models) this.#open.add(id);
    if (!this.#terms.has(agent)) {
      this.#terms.set(agent, terms);
      return null;
    }
    this.#proposed.set(agent, { terms, effectiveAt: now + NOTICE });
    return now + NOTICE;
  }

  applyTerms(agent: bigint, now: number): void {
    const proposal = this.#proposed.get(agent);
    const refuse = (name: string, facts = {}) => refusal(name, 'apply the terms of a till', facts);
    if (!proposal) throw refuse('NothingProposed');
    if (now < proposal.effectiveAt) throw refuse('TermsNotDue', { effectiveAt: proposal.effectiveAt });
    this.#keepPromise(agent, proposal.terms.holdersBps);
    this.#terms.set(agent, proposal.terms);
    this.#proposed.delete(agent);
  }

  /** @returns how it was divided; null if there was nothing */
  collect(agent: bigint, token: Address) {
    const paid = this.tills.take(agent, token);
    const passed = this.passed.take(agent, token);
    if (paid + passed === 0n) return null;
    const { holdersBps, models, tools } = this.termsOf(agent);
    const protocolFee = (paid * this.feeBps) / BPS;
    const net = paid - protocolFee + passed;
    const partOf = (bps: number): bigint => (net * BigInt(bps)) / BPS;
    this.owed.add(protocolFee, this.#around.treasury, token);
    const told = { paid, passed, protocolFee, trainers: 0n, holders: 0n, tools: 0n };
    for (const { id, bps } of models) {
      this.received.add(partOf(bps), id, token);
      told.trainers += partOf(bps);
    }
    const units = this.units.get(agent);
    const part = partOf(holdersBps);
    if (units && units.supply > 0n && units.token === token && part > 0n) {
      const fraction = (part << FRACTION) + units.remainder;
      units.perUnit += fraction / units.supply;
      units.remainder = fraction % units.supply;
      units.revenue += part;
      told.holders = part;
    }
    for (const { id, bps } of tools) {
      this.passed.add(partOf(bps), id, token);
      told.tools += partOf(bps);
    }
    const creator = this.#around.ownerOf(agent)!;
    const rest = net - told.trainers - told.holders - told.tools;
    this.owed.add(rest, creator, token);
    return { ...told, rest, creator };
  }

  withdraw(token: Address, account: Address): bigint {
    const amount = this.owed.take(account, token);
    if (amount === 0n) throw refusal('NothingToWithdraw', 'withdraw from the tills');
    return amount;
  }

  deposit(task: bigint, token: Address, amount: bigint): void {
    if (!this.#open.has(task)) throw refusal('RoyaltiesNotOpen', 'deposit royalties', { taskId: task });
    this.received.add(amount, task, token);
  }

  royalties(account: Address, token: Address, tasks: bigint[]): bigint {
    return [...new Set(tasks)].reduce((sum, task) => sum + this.#royalty(account, token, task), 0n);
  }

  claimRoyalties(account: Address, token: Address, tasks: bigint[]): bigint {
    let paid = 0n;
    for (const task of tasks) {
      const due = this.#royalty(account, token, task);
      this.claimed.add(due, account, task, token);
      paid += due;
    }
    if (paid === 0n) throw refusal('NothingToClaim', 'claim royalties');
    return paid;
  }

  /** @returns what the creator pays for its units */
  launch(caller: Address, agent: bigint, terms: UnitLaunch, now: number): bigint {
    this.#onlyOwner(caller, agent, 'launch units');
    if (this.units.has(agent)) throw refusal('AlreadyLaunched', 'launch units');
    for (const [parameter, isWrong] of [
      ['creatorUnits', terms.creatorUnits > terms.cap],
      ['holdersBps', terms.holdersBps > this.termsOf(agent).holdersBps],
    ] as const) {
      if (isWrong) throw refusal('LaunchOutOfBounds', 'launch units', { parameter });
    }
    const state = { creator: caller, launchedAt: now, supply: 0n, perUnit: 0n, remainder: 0n, revenue: 0n };
    this.units.set(agent, { ...terms, ...state });
    return terms.creatorUnits > 0n ? this.#mint(caller, agent, terms.creatorUnits) : 0n;
  }

  quote(agent: bigint, amount: bigint, kind: 'purchase' | 'sale'): { amount: bigint; fee: bigint } {
    const units = this.#launched(agent);
    if (amount === 0n) throw refusal('ZeroAmount', `price a ${kind} of units`);
    const available = kind === 'purchase' ? units.cap - units.supply : units.supply;
    if (amount > available) throw refusal('AboveCap', `price a ${kind} of units`, { available });
    const price = costOf(units, kind === 'purchase' ? units.supply : units.supply - amount, amount);
    return { amount: price, fee: (price * this.feeBps) / BPS };
  }

  /** @returns what is paid, fee included */
  buy(caller: Address, agent: bigint, amount: bigint, most: bigint): bigint {
    const { amount: cost, fee } = this.quote(agent, amount, 'purchase');
    if (cost + fee > most) throw refusal('PriceMoved', 'buy units', { price: cost + fee });
    this.collect(agent, this.units.get(agent)!.token);
    return this.#mint(caller, agent, amount);
  }

  /** @returns what is received, fee taken off */
  sell(caller: Address, agent: bigint, amount: bigint, least: bigint, now: number): bigint {
    const { amount: proceeds, fee } = this.quote(agent, amount, 'sale');
    if (proceeds - fee < least) throw refusal('PriceMoved', 'sell units', { price: proceeds - fee });
    const units = this.units.get(agent)!;
    this.#mayGive(caller, null, agent, amount, now);
    this.collect(agent, units.token);
    this.#count(caller, agent);
    this.held.add(-amount, caller, agent);
    units.supply -= amount;
    this.fees.add(fee, units.token);
    return proceeds - fee;
  }

  give(from: Address, to: Address, agent: bigint, amount: bigint, now: number): void {
    this.#mayGive(from, to, agent, amount, now);
    this.#count(from, agent);
    this.#count(to, agent);
    this.held.add(-amount, from, agent);
    this.held.add(amount, to, agent);
  }

  revenueOf(agent: bigint, holder: Address): bigint {
    return this.#due.get(holder, agent) + this.#uncounted(holder, agent);
  }

  claimUnits(caller: Address, agent: bigint): bigint {
    this.#count(caller, agent);
    const due = this.#due.take(caller, agent);
    if (due === 0n) throw refusal('NothingToClaim', 'claim revenue of units');
    this.units.get(agent)!.revenue -= due;
    return due;
  }

  collectFees(token: Address): void {
    if (this.fees.take(token) === 0n) throw refusal('NothingToClaim', 'collect fees of units');
  }

  reserve(agent: bigint): bigint {
    const units = this.units.get(agent);
    return units ? costOf(units, 0n, units.supply) : 0n;
  }

  locked(agent: bigint, now: number): bigint {
    const units = this.units.get(agent);
    const ahead = units ? units.launchedAt + units.vestingSeconds - now : 0;
    if (!units || ahead <= 0) return 0n;
    const span = BigInt(units.vestingSeconds);
    return (units.creatorUnits * BigInt(ahead) + span - 1n) / span;
  }

  /** What each contract should hold of a token. */
  balances(token: Address): { tills: bigint; units: bigint; royalties: bigint } {
    const launched = [...this.units].filter(([, units]) => units.token === token);
    return {
      tills: this.owed.sum(token) + this.passed.sum(token),
      units: launched.reduce(
        (sum, [agent, units]) => sum + this.reserve(agent) + units.revenue,
        this.fees.get(token),
      ),
      royalties: this.received.sum(token) - this.claimed.sum(token),
    };
  }

  #onlyOwner(caller: Address, agent: bigint, action: string): void {
    if (this.#around.ownerOf(agent) !== caller) throw refusal('NotAuthorized', action);
  }

  #launched(agent: bigint): Units {
    const units = this.units.get(agent);
    if (!units) throw refusal('NotLaunched', 'read the price of units');
    return units;
  }

  #royalty(account: Address, token: Address, task: bigint): bigint {
    const total = this.#around.totalEarned(task);
    if (!this.#around.hasEnded(task) || total === 0n) return 0n;
    const part = (this.received.get(task, token) * this.#around.earned(task, account)) / total;
    return part - this.claimed.get(account, task, token);
  }

  #mint(caller: Address, agent: bigint, amount: bigint): bigint {
    const units = this.units.get(agent)!;
    const { amount: cost, fee } = this.quote(agent, amount, 'purchase');
    this.fees.add(fee, units.token);
    this.#count(caller, agent);
    units.supply += amount;
    this.held.add(amount, caller, agent);
    return cost + fee;
  }

  #mayGive(from: Address, to: Address | null, agent: bigint, amount: bigint, now: number): void {
    const left = this.held.get(from, agent) - amount;
    if (left < 0n) throw refusal('ERC1155InsufficientBalance', 'give units away');
    const locked = this.locked(agent, now);
    // Who gives units to itself still has them.
    if (from === this.units.get(agent)?.creator && from !== to && left < locked) {
      throw refusal('UnitsVesting', 'give units away', { locked });
    }
  }

  #uncounted(holder: Address, agent: bigint): bigint {
    const since = (this.units.get(agent)?.perUnit ?? 0n) - this.#counted.get(holder, agent);
    return (since * this.held.get(holder, agent)) >> FRACTION;
  }

  #count(holder: Address, agent: bigint): void {
    this.#due.add(this.#uncounted(holder, agent), holder, agent);
    this.#counted.take(holder, agent);
    this.#counted.add(this.units.get(agent)?.perUnit ?? 0n, holder, agent);
  }

  #keepPromise(agent: bigint, holdersBps: number): void {
    const promisedBps = this.units.get(agent)?.holdersBps ?? 0;
    if (holdersBps < promisedBps) throw refusal('BelowPromise', 'set the terms of a till', { promisedBps });
  }
}

/** Unit by unit, as a person would. */
function costOf({ base, slope }: UnitLaunch, from: bigint, amount: bigint): bigint {
  let sum = 0n;
  for (let k = from; k < from + amount; k++) sum += base + slope * k;
  return sum;
}
