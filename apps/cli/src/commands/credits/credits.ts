import { Command } from 'commander';
import { openPayments } from '../../agent/open-payments.ts';
import { fullId } from '../../credits/full-id.ts';
import { claimedLines, creditLines, listLines } from '../../credits/view.ts';
import { type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';
import { addCommand, openCommand } from './deposit.ts';

/** `chorus credits`: prepaid channels, one deposit for many calls. */
export function creditsCommand(): Command {
  const show = new Command('show')
    .description('what this wallet has prepaid, and what callers have prepaid for agents of this node')
    .addHelpText('after', '\nExample:\n  $ chorus credits show')
    .action(showAction);
  const close = new Command('close')
    .description('take back what is left of a channel: starts a withdrawal, and ends it after its delay')
    .argument('<channel>', 'its id, or the beginning of it: chorus credits show')
    .addHelpText(
      'after',
      `
The agent has the delay of the channel to claim what calls have cost; then the same command pays the rest back. It can be
repeated at any time.

Example:
  $ chorus credits close 0x5f3a21`,
    )
    .action(closeAction);
  const claim = new Command('claim')
    .description('claim now what calls by prepaid channels have cost; the node does it by itself, later')
    .addHelpText('after', '\nExample:\n  $ chorus credits claim')
    .action(claimAction);
  const command = new Command('credits').description(
    'prepaid balances: one deposit pays for any number of calls of an agent, without a transaction each',
  );
  for (const sub of [openCommand(), addCommand(), show, close, claim]) command.addCommand(homeOptions(sub));
  return command;
}

async function showAction(flags: HomeOptions): Promise<void> {
  const { payments, close } = await openPayments(flags);
  try {
    const list = await payments.credits.list();
    if (flags.json) printJson(list);
    else print(...listLines(list));
  } finally {
    await close();
  }
}

async function closeAction(channel: string, flags: HomeOptions): Promise<void> {
  const { payments, close } = await openPayments(flags);
  try {
    const credit = await payments.credits.close(await fullId(channel, payments.credits));
    if (flags.json) printJson(credit);
    else print(...creditLines(credit));
  } finally {
    await close();
  }
}

async function claimAction(flags: HomeOptions): Promise<void> {
  const { payments, close } = await openPayments(flags);
  try {
    const claimed = await payments.credits.claim();
    if (flags.json) printJson(claimed);
    else print(...claimedLines(claimed));
  } finally {
    await close();
  }
}
