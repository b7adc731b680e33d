import { ChorusError, hasCode } from '@chorus/protocol';
import { Command } from 'commander';
import { type HomeOptions, homeOptions } from '../environment/home.ts';
import { print, printJson } from '../output/table.ts';
import { networkToken, type StakeBook, withStakes } from '../stake/book.ts';
import { addressOf, fromOf, stakedToken, unitsOf } from '../stake/choose.ts';
import { recordLines } from '../stake/record-view.ts';
import { amountTexts, depositLines, inTime, stakesView, unbondLines, withdrawLines } from '../stake/view.ts';

interface SendFlags extends HomeOptions {
  token?: string;
  dryRun?: boolean;
}

interface FromFlags extends SendFlags {
  from?: string;
}

const HOW = `
The running node sends the transaction; if none runs, this command unlocks the wallet, and no node can start meanwhile.`;

/** `chorus stake`: shows the wallet's stake, adds to it and withdraws it. */
export function stakeCommand(): Command {
  const show = new Command('show')
    .description('show what is staked, locked, delegated, unbonding and slashed')
    .argument('[address]', "another wallet (this node's)")
    .addHelpText('after', '\nExample:\n  $ chorus stake show')
    .action(showAction);
  const record = new Command('record')
    .description('duties that an identity missed, disputes it lost, and what that cost it, from the chain')
    .argument('[identity]', "its number or its wallet (this node's)")
    .addHelpText('after', '\nExamples:\n  $ chorus stake record\n  $ chorus stake record 12')
    .action(recordAction);
  const deposit = sending(new Command('deposit'))
    .description("stake on this wallet's identity; registers one if it has none")
    .argument('<amount>', 'in tokens, such as 12.5')
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus stake deposit 100`)
    .action((amount: string, flags: SendFlags) => depositAction(undefined, amount, flags));
  const delegate = sending(new Command('delegate'))
    .description("stake on another wallet's identity; offences of that wallet's node slash it")
    .argument('<address>', 'wallet of the node to stake on')
    .argument('<amount>', 'in tokens, such as 12.5')
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus stake delegate 0xabc... 100`)
    .action(depositAction);
  const unbond = sending(new Command('unbond'))
    .description('request stake back; it can be withdrawn after the unbonding period, and slashed until then')
    .argument('<amount>', 'in tokens, or "all"')
    .option('--from <address>', 'stake delegated to this wallet, or identity by number (your own)')
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus stake unbond all --from 0xabc...`)
    .action(unbondAction);
  const withdraw = sending(new Command('withdraw'))
    .description('withdraw all stake whose unbonding period is over')
    .option('--from <address>', 'only stake on this wallet, or identity by number')
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus stake withdraw`)
    .action(withdrawAction);
  const command = new Command('stake').description('stake of this wallet: show, add and withdraw it');
  command.addCommand(homeOptions(show), { isDefault: true });
  for (const sub of [record, deposit, delegate, unbond, withdraw]) command.addCommand(homeOptions(sub));
  return command;
}

/** Options of commands that send a transaction. */
function sending(command: Command): Command {
  return command
    .option('--token <address>', 'the token (the staked one, else that of the deployment file)')
    .option('--dry-run', 'check everything, and send nothing');
}

async function showAction(address: string | undefined, flags: HomeOptions): Promise<void> {
  const account = address === undefined ? undefined : addressOf(address, 'the wallet');
  const token = await networkToken(flags);
  const query = { ...(account === undefined ? {} : { account }), ...(token === null ? {} : { token }) };
  const stakes = await withStakes(flags, { reads: true }, (book) => book.stakes(query));
  if (flags.json) printJson(stakes);
  else print(stakesView(stakes));
}

async function recordAction(identity: string | undefined, flags: HomeOptions): Promise<void> {
  const of = identity === undefined ? {} : { of: fromOf(identity, 'the identity') };
  const { record, tokens } = await withStakes(flags, { reads: true }, async (book) => ({
    record: await book.memberRecord(of),
    tokens: (await book.stakes()).tokens,
  }));
  if (flags.json) printJson(record);
  else print(...recordLines(record, tokens));
}

async function depositAction(to: string | undefined, amount: string, flags: SendFlags): Promise<void> {
  const target = to === undefined ? {} : { to: addressOf(to, 'the wallet') };
  const named = flags.token === undefined ? null : addressOf(flags.token, '--token');
  await act(flags, async (book) => {
    const token = named ?? (await networkToken(flags)) ?? stakedToken(await book.stakes(), target.to);
    if (token === null) throw noToken();
    const stakes = await book.stakes({ token });
    const units = unitsOf(amount, token, stakes);
    const result = await book.depositStake({
      ...target,
      token,
      amount: units,
      dryRun: flags.dryRun ?? false,
    });
    const text = amountTexts(stakes.tokens);
    return { result, lines: depositLines(result, text, stakes.account) };
  });
}

async function unbondAction(amount: string, flags: FromFlags): Promise<void> {
  const from = flags.from === undefined ? undefined : fromOf(flags.from);
  const named = flags.token === undefined ? null : addressOf(flags.token, '--token');
  await act(flags, async (book) => {
    const known = await book.stakes(named === null ? {} : { token: named });
    const chosen = named ?? stakedToken(known, from);
    // Unless exactly one token has stake, the refusal lists the tokens.
    const token = chosen ?? (amount === 'all' ? null : await networkToken(flags));
    if (token === null && amount !== 'all') throw noToken();
    const stakes =
      token === null || known.tokens.some(({ address }) => address === token)
        ? known
        : await book.stakes({ token });
    const units = amount === 'all' ? amount : unitsOf(amount, token!, stakes);
    const result = await book.unbondStake({
      amount: units,
      ...(token === null ? {} : { token }),
      ...(from === undefined ? {} : { from }),
      dryRun: flags.dryRun ?? false,
    });
    return { result, lines: unbondLines(result, amountTexts(stakes.tokens), Date.parse(stakes.time)) };
  });
}

async function withdrawAction(flags: FromFlags): Promise<void> {
  const from = flags.from === undefined ? undefined : fromOf(flags.from);
  const token = flags.token === undefined ? undefined : addressOf(flags.token, '--token');
  await act(flags, async (book) => {
    const stakes = await book.stakes();
    const result = await book.withdrawStake({
      ...(token === undefined ? {} : { token }),
      ...(from === undefined ? {} : { from }),
      dryRun: flags.dryRun ?? false,
    });
    return { result, lines: withdrawLines(result, amountTexts(stakes.tokens), Date.parse(stakes.time)) };
  });
}

async function act(
  flags: SendFlags,
  work: (book: StakeBook) => Promise<{ result: unknown; lines: string[] }>,
): Promise<void> {
  const { result, lines } = await withStakes(flags, { reads: flags.dryRun === true }, work).catch((error) => {
    throw withLocalTime(error);
  });
  if (flags.json) printJson(result);
  else print(...lines);
}

/** An error for a request that comes too early gives the time on this machine's clock; the node gives it in UTC. */
function withLocalTime(error: unknown): unknown {
  if (!(error instanceof ChorusError) || !hasCode(error, 'E_STAKE_NOT_MATURE')) return error;
  const { availableAt, seconds } = error.facts;
  const at = String(availableAt);
  const when = inTime(at, Date.parse(at) - 1000 * Number(seconds));
  return new ChorusError(error.code, error.message, {
    facts: error.facts,
    hint: `withdraw it at ${when}`,
    cause: error,
  });
}

const noToken = () =>
  new ChorusError('E_USAGE', 'which token?', {
    hint: 'give --token ADDRESS: neither the stake of this wallet nor the deployment file of this node names one',
  });
