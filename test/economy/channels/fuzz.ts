import { refusal } from '@chorus/chain';
import type { Address, ChannelConfig } from '@chorus/protocol';
import { toBeHex, zeroPadValue } from 'ethers';
import { read } from '../../compliance/evm.ts';
import { generator } from '../../random.ts';
import { ChannelRules } from '../../twins/ledger/channels.ts';
import { type Call, makeCall } from '../rule-call.ts';
import { dealer } from './calls.ts';
import { addressOf, type ChannelsWorld, SUPPLY } from './world.ts';

const NO_ONE: Address = `0x${'00'.repeat(20)}`;
const CHANNELS = 12;

export interface ChannelsFuzz {
  /** How often each call was carried out, and refused with which error. */
  outcomes: Record<string, number>;
}

/**
 * Random calls by random accounts on channels and by a second implementation of their rules: what these refuse the contract
 * refuses with the same error, and after each call the contract holds, to the unit, what it owes by them. At the end
 * everyone takes out what there is, and nothing stays.
 *
 * @param seed the same seed draws the same calls
 */
export async function fuzzChannels(
  world: ChannelsWorld,
  { seed, calls }: { seed: number; calls: number },
): Promise<ChannelsFuzz> {
  const random = generator(seed);
  const { evm, accounts, channels, collector, tokens, idOf } = world;
  const names = accounts.map(({ address }) => address as Address);
  const contract = addressOf(channels);
  const below = (n: number): number => Math.floor(random() * n);
  const outcomes: Record<string, number> = {};
  /** What each account has, by the rules. */
  const balances = new Map<string, bigint>();
  const keyOf = (token: Address, account: Address) => `${token} ${account}`;
  for (const token of tokens) {
    for (const name of [...names, contract]) {
      balances.set(keyOf(addressOf(token), name), await read(token, 'balanceOf', name));
    }
  }
  const add = (token: Address, account: Address, amount: bigint) =>
    balances.set(keyOf(token, account), balances.get(keyOf(token, account))! + amount);
  const move = (token: Address, from: Address, to: Address, amount: bigint) => {
    if (balances.get(keyOf(token, from))! < amount) {
      throw refusal('ERC20InsufficientBalance', 'move tokens');
    }
    add(token, from, -amount);
    add(token, to, amount);
  };
  const model = new ChannelRules({ push: (token, to, amount) => move(token, contract, to, amount) });
  const configs: ChannelConfig[] = Array.from({ length: CHANNELS }, (_, i) => {
    const payer = names[below(3)]!;
    return {
      payer,
      payerAuthorizer: [NO_ONE, payer, names[3]!][below(3)]!,
      receiver: names[below(names.length)]!,
      receiverAuthorizer: names[4 + below(2)]!,
      token: addressOf(tokens[below(2)]!),
      withdrawDelay: 900 + below(25_000),
      salt: zeroPadValue(toBeHex(i), 32) as `0x${string}`,
    };
  });
  let now = await evm.now();

  const perform = async (call: Call): Promise<void> => {
    const outcome = await makeCall(call, evm, accounts[call.account]!, now);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    for (const token of tokens) {
      const at = addressOf(token);
      const [held, inCollector] = await Promise.all(
        [contract, addressOf(collector)].map((of) => read(token, 'balanceOf', of)),
      );
      const owed = model.owed(at);
      if (held !== owed || held !== balances.get(keyOf(at, contract)))
        throw new Error(`the channels hold ${held} of ${at}, and owe ${owed}`);
      if (inCollector !== 0n) throw new Error(`the collector holds ${inCollector}`);
    }
  };

  const draw = dealer({ world, configs, model, money: { move }, random });
  for (let i = 0; i < calls; i++) {
    now += 1 + below(3) * below(1_500);
    await perform(draw());
  }
  await drain();
  return { outcomes };

  /** Payers withdraw what is left, and receivers are paid what they claimed. */
  async function drain(): Promise<void> {
    for (const config of configs) {
      const id = idOf(config);
      const account = names.indexOf(config.payer);
      const attempt = (method: string, args: unknown[], expected: Call['expected']) =>
        perform({ name: `drain: ${method}`, contract: channels, method, args, account, expected });
      const start = (amount: bigint) =>
        attempt(
          'initiateWithdraw',
          [config, amount],
          (at) => void model.startWithdrawal(id, config, config.payer, amount, at),
        );
      const finish = () =>
        attempt(
          'finalizeWithdraw',
          [config],
          (at) => void model.finishWithdrawal(id, config, config.payer, at),
        );
      // One may be under way that is for a part.
      for (let i = 0; i < 2; i++) {
        const { balance, claimed } = model.state(id);
        now += 1;
        await start(balance - claimed);
        now += config.withdrawDelay;
        await finish();
      }
      now += 1;
      await attempt(
        'settle',
        [config.receiver, config.token],
        () => void model.settle(config.receiver, config.token),
      );
    }
    for (const token of tokens) {
      if (model.owed(addressOf(token)) !== 0n) throw new Error('something stays in the channels');
      let sum = 0n;
      for (const name of names) {
        const has: bigint = await read(token, 'balanceOf', name);
        if (has !== balances.get(keyOf(addressOf(token), name))) throw new Error(`${name} has ${has}`);
        sum += has;
      }
      if (sum !== SUPPLY * 10n) throw new Error(`the accounts have ${sum}`);
    }
  }
}
