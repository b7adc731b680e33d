import type { CreditDocument } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import type { CreditsSource } from '@chorus/service-agents';
import { Command } from 'commander';
import { openPayments } from '../../agent/open-payments.ts';
import { answerText } from '../../agent/view.ts';
import { fullId } from '../../credits/full-id.ts';
import { acceptedBy } from '../../credits/offer.ts';
import { costLine, creditLines } from '../../credits/view.ts';
import type { HomeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';
import { write } from '../../output/terminal.ts';

interface DepositFlags extends HomeOptions {
  yes?: boolean;
  dryRun?: boolean;
}

const OPEN_HELP = `
One transaction, of which the cost is shown first. From then on chorus agent call pays this agent from the channel by
itself, without --pay, until the balance is used up or its price rises. Caps (agents.spend) count each call. After a crash repeat the command: a
deposit that was sent is found, and no other one is made.

What rests on whom: the agent can claim what your calls have cost and no more; what is left comes back after the delay that is
shown. An agent that takes your voucher and does not answer has kept the price of that one call.

Examples:
  $ chorus credits open 7 '20 CHOR'
  $ chorus credits open https://agents.example/harbour/ '20 CHOR' --dry-run`;

/** `chorus credits open`: prepay an agent. */
export function openCommand(): Command {
  return withFlags(
    new Command('open')
      .description('prepay an agent: one deposit into a channel, for any number of calls')
      .argument('<agent>', 'its number (chorus agent find) or its address')
      .argument('<sum>', "such as '20 CHOR'")
      .addHelpText('after', OPEN_HELP),
  ).action(async (agent: string, amount: string, flags: DepositFlags) => {
    const accepts = await acceptedBy(agent, flags.home);
    await deposit(amount, flags, async (credits, dryRun) => credits.open({ agent, accepts, amount, dryRun }));
  });
}

/** `chorus credits add`: pay more into a channel. */
export function addCommand(): Command {
  return withFlags(
    new Command('add')
      .description('pay more into an open channel')
      .argument('<channel>', 'its id, or the beginning of it: chorus credits show')
      .argument('<sum>', "such as '20 CHOR'")
      .addHelpText('after', "\nExample:\n  $ chorus credits add 0x5f3a21 '20 CHOR'"),
  ).action(async (channel: string, amount: string, flags: DepositFlags) => {
    await deposit(amount, flags, async (credits, dryRun) =>
      credits.add(await fullId(channel, credits), { amount, dryRun }),
    );
  });
}

const withFlags = (command: Command): Command =>
  command.option('--dry-run', 'only say what it costs').option('--yes', 'deposit without a question');

async function deposit(
  amount: string,
  { yes = false, dryRun = false, json = false, ...home }: DepositFlags,
  send: (credits: CreditsSource, dryRun: boolean) => Promise<CreditDocument>,
): Promise<void> {
  const { payments, close } = await openPayments(home);
  try {
    const { credits } = payments;
    const planned = await send(credits, true);
    const line = answerText(costLine(planned, amount));
    if (dryRun) return json ? printJson(planned) : print(line);
    if (!json) write(process.stderr, `${line}\n`);
    if (!yes && !(await agrees())) {
      throw new ChorusError('E_USAGE', 'the deposit was not agreed to', {
        hint: 'say yes to it, or give --yes; nothing was sent',
      });
    }
    const done = await send(credits, false);
    if (json) printJson(done);
    else print(...creditLines(done));
  } finally {
    await close();
  }
}

/** Asks on the terminal; without one the answer is no. */
async function agrees(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const { confirm } = await import('@clack/prompts');
  const message = 'Make the deposit?';
  return (await confirm({ message, output: process.stderr, initialValue: false })) === true;
}
