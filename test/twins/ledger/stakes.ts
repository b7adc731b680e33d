import { refusal } from '@chorus/chain';
import {
  type Address,
  type StakePool,
  type StakePosition,
  type StakeShares,
  type StakeSlash,
  stakeValue,
  type UnbondTicket,
  VIRTUAL_SHARES,
} from '@chorus/protocol';

const BPS = 10_000n;

interface Pool extends StakeShares {
  owners: Map<Address, bigint>;
}

/** Where slashed tokens go. */
interface SlashSplit {
  reporterBps: number;
  burnBps: number;
}

/** Stake behind identities, as the stake contract keeps it: pools of shares, locks and tickets. */
export class MemoryStakes {
  readonly #pools = new Map<string, Pool>();
  readonly #locks = new Map<string, bigint>();
  readonly #tickets = new Map<bigint, UnbondTicket & { owner: Address }>();
  readonly #slashed = new Set<string>();
  /** By pool, the newest first. */
  readonly #slashes = new Map<string, StakeSlash[]>();
  readonly slashCount = new Map<bigint, number>();
  #ticketCount = 0n;

  clone(): MemoryStakes {
    const copy = new MemoryStakes();
    for (const [k, v] of this.#pools) copy.#pools.set(k, { ...v, owners: new Map(v.owners) });
    for (const [k, v] of this.#locks) copy.#locks.set(k, v);
    for (const [k, v] of this.#tickets) copy.#tickets.set(k, { ...v });
    for (const v of this.#slashed) copy.#slashed.add(v);
    for (const [k, v] of this.#slashes) copy.#slashes.set(k, [...v]);
    for (const [k, v] of this.slashCount) copy.slashCount.set(k, v);
    copy.#ticketCount = this.#ticketCount;
    return copy;
  }

  pool(token: Address, agentId: bigint): StakePool {
    const pool = this.#pool(token, agentId);
    return { tokens: pool.tokens, locked: pool.locked, free: free(pool) };
  }

  shares(token: Address, agentId: bigint, owner: Address): { shares: bigint; value: bigint } {
    const pool = this.#pool(token, agentId);
    const shares = pool.owners.get(owner) ?? 0n;
    return { shares, value: stakeValue(pool, shares) };
  }

  /** Of every pool that the account has put something into, or that is behind its identity. */
  positions(account: Address, own: bigint | null, owners: readonly Address[]): StakePosition[] {
    const positions = [...this.#pools].flatMap(([key, pool]) => {
      const [token, agent] = key.split('/') as [Address, string];
      const agentId = BigInt(agent);
      const tickets = [...this.#tickets.values()].filter(
        (ticket) => ticket.owner === account && keyOf(ticket.token, ticket.agentId) === key,
      );
      if (agentId !== own && !pool.owners.has(account) && tickets.length === 0) return [];
      const { tokens, locked, shares, unbonding } = pool;
      const locks = [...this.#locks].flatMap(([lock, amount]) =>
        lock.startsWith(`${key}/`) && amount > 0n ? [{ taskId: BigInt(lock.split('/')[2]!), amount }] : [],
      );
      return {
        token,
        agentId,
        owner: owners[Number(agentId)]!,
        pool: { tokens, locked, shares, unbonding },
        shares: pool.owners.get(account) ?? 0n,
        tickets: tickets.map(({ owner: _, ...ticket }) => ticket),
        locks,
        holders: [...pool.owners]
          .flatMap(([holder, held]) => (held > 0n ? [{ account: holder, shares: held }] : []))
          .sort((a, b) => (a.shares < b.shares ? 1 : -1)),
        slashes: this.#slashes.get(key) ?? [],
      };
    });
    const mine = ({ shares, tickets }: StakePosition) => shares > 0n || tickets.length > 0;
    return [...positions.filter(mine), ...positions.filter((position) => !mine(position))];
  }

  deposit(token: Address, agentId: bigint, owner: Address, amount: bigint): void {
    if (amount === 0n) throw refusal('ZeroAmount', 'deposit stake');
    const pool = this.#pool(token, agentId);
    const shares = (amount * (pool.shares + VIRTUAL_SHARES)) / (pool.tokens + 1n);
    if (shares === 0n) throw refusal('ZeroAmount', 'deposit stake');
    pool.tokens += amount;
    pool.shares += shares;
    pool.owners.set(owner, (pool.owners.get(owner) ?? 0n) + shares);
  }

  unbond(token: Address, agentId: bigint, owner: Address, shares: bigint, maturesAt: number): UnbondTicket {
    const pool = this.#pool(token, agentId);
    if (shares === 0n) throw refusal('ZeroAmount', 'unbond stake');
    const owned = pool.owners.get(owner) ?? 0n;
    if (owned < shares) throw refusal('NotYourShares', 'unbond stake');
    if (stakeValue(pool, pool.shares - pool.unbonding - shares) < pool.locked) {
      throw refusal('StakeTooSmall', 'unbond stake', { free: free(pool), needed: stakeValue(pool, shares) });
    }
    pool.owners.set(owner, owned - shares);
    pool.unbonding += shares;
    const ticket = { id: ++this.#ticketCount, token, agentId, shares, maturesAt };
    this.#tickets.set(ticket.id, { ...ticket, owner });
    return ticket;
  }

  /** @returns what to pay, and in which token */
  withdraw(id: bigint, owner: Address, now: number): { token: Address; amount: bigint } {
    const ticket = this.#tickets.get(id);
    if (ticket?.owner !== owner) throw refusal('NotYourShares', 'withdraw stake');
    if (now < ticket.maturesAt) {
      throw refusal('NotMature', 'withdraw stake', { maturesAt: ticket.maturesAt });
    }
    this.#tickets.delete(id);
    const pool = this.#pool(ticket.token, ticket.agentId);
    const amount = stakeValue(pool, ticket.shares);
    pool.tokens -= amount;
    pool.shares -= ticket.shares;
    pool.unbonding -= ticket.shares;
    return { token: ticket.token, amount };
  }

  lock(token: Address, agentId: bigint, taskId: bigint, amount: bigint): void {
    const key = `${keyOf(token, agentId)}/${taskId}`;
    if (this.#locks.has(key)) throw refusal('IdentityAlreadyJoined', 'join a task');
    const pool = this.#pool(token, agentId);
    if (free(pool) < amount) {
      throw refusal('StakeTooSmall', 'join a task', { free: free(pool), needed: amount });
    }
    pool.locked += amount;
    this.#locks.set(key, amount);
  }

  unlock(token: Address, agentId: bigint, taskId: bigint): void {
    const key = `${keyOf(token, agentId)}/${taskId}`;
    this.#pool(token, agentId).locked -= this.#locks.get(key) ?? 0n;
    this.#locks.set(key, 0n);
  }

  wasSlashed(offence: string): boolean {
    return this.#slashed.has(offence);
  }

  /** @returns the parts of what was taken: the reporter's, the burned one, the harmed task's */
  slash(
    { token, agentId, taskId }: { token: Address; agentId: bigint; taskId: bigint },
    offence: string,
    amount: bigint,
    split: SlashSplit,
    at: Pick<StakeSlash, 'block' | 'transaction'>,
  ): { reporter: bigint; burned: bigint; harmed: bigint } {
    this.#slashed.add(offence);
    this.slashCount.set(agentId, (this.slashCount.get(agentId) ?? 0) + 1);
    const key = `${keyOf(token, agentId)}/${taskId}`;
    const held = this.#locks.get(key) ?? 0n;
    const taken = amount < held ? amount : held;
    const poolKey = keyOf(token, agentId);
    this.#slashes.set(poolKey, [{ taskId, amount: taken, ...at }, ...(this.#slashes.get(poolKey) ?? [])]);
    const pool = this.#pool(token, agentId);
    this.#locks.set(key, held - taken);
    pool.locked -= taken;
    pool.tokens -= taken;
    if (taken > 0n && pool.tokens === 0n) {
      // What stood behind its shares is gone, and so is what tickets are worth.
      const owners = new Map([...pool.owners.keys()].map((owner) => [owner, 0n] as const));
      this.#pools.set(poolKey, { tokens: 0n, locked: 0n, shares: 0n, unbonding: 0n, owners });
      for (const ticket of this.#tickets.values()) {
        if (keyOf(ticket.token, ticket.agentId) === keyOf(token, agentId)) ticket.shares = 0n;
      }
    }
    const reporter = (taken * BigInt(split.reporterBps)) / BPS;
    const burned = (taken * BigInt(split.burnBps)) / BPS;
    return { reporter, burned, harmed: taken - reporter - burned };
  }

  #pool(token: Address, agentId: bigint): Pool {
    const key = keyOf(token, agentId);
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = { tokens: 0n, locked: 0n, shares: 0n, unbonding: 0n, owners: new Map() };
      this.#pools.set(key, pool);
    }
    return pool;
  }
}

function keyOf(token: Address, agentId: bigint): string {
  return `${token.toLowerCase()}/${agentId}`;
}

function free(pool: Pool): bigint {
  return stakeValue(pool, pool.shares - pool.unbonding) - pool.locked;
}
