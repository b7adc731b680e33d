import type { Address, Receipt } from '@chorus/protocol';
import type { Interface, JsonRpcProvider, Result } from 'ethers';
import { TASK_MANAGER, TOKEN } from '../abi/abis.ts';
import { ChainError, refusal } from '../errors/errors.ts';
import type { TaskReader } from '../read/reader.ts';
import { read } from '../rpc/rpc.ts';
import type { Mined, Sender } from '../send/sender.ts';

/** A contract call and its purpose. */
export interface Call {
  /** The purpose in words, for errors. */
  action: string;
  /** By default the task contract. */
  to?: Address;
  abi?: Interface;
  name: string;
  args: unknown[];
  /** Its gas, asked for when it is its turn; by default the sender's estimate. Throws why the call would be refused. */
  gas?: () => Promise<bigint>;
}

export interface WriterOptions {
  provider: JsonRpcProvider;
  contract: Address;
  account: Address;
  sender: Sender;
  reader: TaskReader;
  signal: AbortSignal;
}

/** Encodes and sends calls, with any approval that they need. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Send a call and wait until mined. Its logs are those of the contract it called: a token that takes part may write any. */
  send(call: Call): Promise<Mined> {
    const { sender } = this.#options;
    return sender.exclusive(async () => {
      const { to, data } = this.#encoded(call);
      if (!call.gas) return ownLogs(await sender.send(call.action, to, data), to);
      // One that was sent before would be refused now.
      const earlier = await sender.lookUp(call.action, to, data);
      return ownLogs(earlier ?? (await sender.send(call.action, to, data, await call.gas())), to);
    });
  }

  /** As {@link send}, without a wait of later calls until it is mined: for calls that do not depend on each other. */
  async sendAhead(call: Call & Required<Pick<Call, 'gas'>>): Promise<Mined> {
    const { to, data } = this.#encoded(call);
    return ownLogs(await this.#options.sender.sendAhead(call.action, to, data, call.gas), to);
  }

  async receipt(call: Call): Promise<Receipt> {
    return receiptOf(await this.send(call));
  }

  /** As {@link send}, of a call that takes exactly `amount` of `token` from this account; approves it first if needed. */
  spend(call: Call, token: Address, amount: bigint): Promise<Mined> {
    const { sender, reader, account } = this.#options;
    return sender.exclusive(async () => {
      const { action } = call;
      const { to, data } = this.#encoded(call);
      const [allowed] = await reader.view('allowance', [account, to], token, TOKEN);
      if (allowed < amount) {
        await this.#refuseEarly(action, to, data);
        const [balance] = await reader.view('balanceOf', [account], token, TOKEN);
        if (balance < amount) {
          throw refusal('ERC20InsufficientBalance', action, { token, balance, needed: amount });
        }
        const approval = encode(TOKEN, 'approve', 'approve', [to, amount]);
        // Some tokens change no allowance but from or to zero.
        if (allowed > 0n && !(await this.#succeeds(token, approval))) {
          await sender.send('approve', token, encode(TOKEN, 'approve', 'approve', [to, 0n]));
        }
        await sender.send('approve', token, approval);
      }
      return ownLogs(await sender.send(action, to, data), to);
    });
  }

  #encoded({ action, to, abi = TASK_MANAGER, name, args }: Call): { to: Address; data: string } {
    return { to: to ?? this.#options.contract, data: encode(abi, action, name, args) };
  }

  async #succeeds(to: Address, data: string): Promise<boolean> {
    const { provider, account, signal } = this.#options;
    return read('try an approval', () => provider.call({ from: account, to, data }), signal).then(
      () => true,
      (error: ChainError) => {
        if (error.code === 'E_CHAIN_UNREACHABLE') throw error;
        return false;
      },
    );
  }

  /** Contracts take the money last: a refusal for another reason shows without an approval. */
  async #refuseEarly(action: string, to: Address, data: string): Promise<void> {
    const { provider, account, signal } = this.#options;
    try {
      await read(action, () => provider.call({ from: account, to, data }), signal);
    } catch (error) {
      const { code } = error as ChainError;
      // Without the allowance each token refuses in its own words.
      if (code !== 'E_CHAIN_STAKE_REQUIRED' && code !== 'E_CHAIN_REVERTED') throw error;
    }
  }
}

/** A mined transaction in the port's form. */
export function receiptOf({ transaction, block, gasUsed }: Mined): Receipt {
  return { transaction, block, gasUsed };
}

const ownLogs = (mined: Mined, address: Address): Mined => ({
  ...mined,
  logs: mined.logs.filter((log) => log.address.toLowerCase() === address.toLowerCase()),
});

/** Arguments of the events of this name among a transaction's logs. */
export function eventsOf(mined: Mined, abi: Interface, name: string): Result[] {
  return mined.logs.flatMap((log) => {
    const parsed = abi.parseLog({ topics: [...log.topics], data: log.data });
    return parsed?.name === name ? [parsed.args] : [];
  });
}

/**
 * Those of the first one. The call succeeded, so it is there.
 * @throws ChainError `E_CHAIN_INVALID_PARAMS` if it is missing: the contract has another version
 */
export function eventOf(mined: Mined, abi: Interface, name: string): Result {
  const [first] = eventsOf(mined, abi, name);
  if (first) return first;
  throw new ChainError('E_CHAIN_INVALID_PARAMS', 'expected event missing from the receipt', {
    facts: { transaction: mined.transaction, event: name },
    hint: 'check that the address is a contract of this version',
  });
}

function encode(abi: Interface, action: string, name: string, args: unknown[]): string {
  try {
    return abi.encodeFunctionData(name, args);
  } catch (cause) {
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'an argument does not fit its type on chain', {
      facts: { action },
      hint: 'check amounts and lengths',
      cause,
    });
  }
}
