import type { PaymentDocument } from '@chorus/admin-api';
import { Command } from 'commander';
import { openPayments } from '../../agent/open-payments.ts';
import { paymentLines, totalLines } from '../../agent/payments-view.ts';
import { EXIT, finish } from '../../environment/exit.ts';
import { type HomeOptions, homeOptions } from '../../environment/home.ts';
import { integer } from '../../options/numbers.ts';
import { print, printJson } from '../../output/print.ts';

interface WhyFlags extends HomeOptions {
  most: string;
}

const HELP = `
Each sum is checked now: its receipt's signature and every field of it, and the transfer on chain. It ends with 1 if a
check fails. If no node runs, the wallet is unlocked.

Examples:
  $ chorus agent why
  $ chorus agent why harbour-guide --json`;

/** `chorus agent why`: every sum that came in and went out for calls of agents. */
export function whyCommand(): Command {
  const command = new Command('why')
    .description('every sum that agents of this node were paid, and that it has paid to others, checked')
    .argument('[agent]', 'name of an own agent, or the address that another was called by (all)')
    .option('--most <n>', 'the latest of them', '50');
  return homeOptions(command).addHelpText('after', HELP).action(whyAction);
}

async function whyAction(agent: string | undefined, flags: WhyFlags): Promise<void> {
  const most = integer('most', flags.most, 1, 500);
  const { payments: source, close } = await openPayments(flags);
  let payments: PaymentDocument[];
  try {
    ({ payments } = await source.list({ ...(agent === undefined ? {} : { agent }), most }));
  } finally {
    await close();
  }
  if (flags.json) printJson({ payments });
  else if (payments.length === 0) print('nothing was paid yet, in or out');
  else print(...payments.flatMap(paymentLines), ...totalLines(payments));
  const failed = payments.some(({ checks }) => checks.some(({ ok }) => !ok));
  await finish(failed ? EXIT.failed : EXIT.ok);
}
