import { refusal } from '@chorus/chain';
import type { Address } from '@chorus/protocol';

/** Balances of any number of tokens. */
export class MemoryMoney {
  #balances = new Map<string, bigint>();

  clone(): MemoryMoney {
    const copy = new MemoryMoney();
    copy.#balances = new Map(this.#balances);
    return copy;
  }

  balance(token: Address, account: Address): bigint {
    return this.#balances.get(keyOf(token, account)) ?? 0n;
  }

  mint(token: Address, account: Address, amount: bigint): void {
    this.#balances.set(keyOf(token, account), this.balance(token, account) + amount);
  }

  transfer(token: Address, from: Address, to: Address, amount: bigint, action: string): void {
    const balance = this.balance(token, from);
    if (balance < amount) throw refusal('ERC20InsufficientBalance', action, { balance, needed: amount });
    this.mint(token, from, -amount);
    this.mint(token, to, amount);
  }
}

export function keyOf(token: Address, account: Address): string {
  return `${token.toLowerCase()}/${account.toLowerCase()}`;
}
