import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { marketLines, withdrawnLines } from '../../market/view.ts';
import { print, printJson } from '../../output/table.ts';
import { askCommand } from './ask.ts';
import { jobCommand } from './job.ts';
import { offerCommand } from './offer.ts';
import { orderCommand } from './order.ts';

/** `chorus market`: asks and offers, jobs with their budget in escrow, and the seats of those who decide disputes. */
export function marketCommand(): Command {
  const show = new Command('show')
    .description('what jobs go by on this network, the seat of this node, and what it is owed')
    .addHelpText('after', '\nExample:\n  $ chorus market show')
    .action(async (flags: HomeOptions) => {
      const market = await (await connectNode(flags)).market();
      if (flags.json) printJson(market);
      else print(...marketLines(market));
    });
  const withdraw = new Command('withdraw')
    .description('pay out bonds that this wallet won or earned by votes, and payments that failed')
    .addHelpText('after', '\nExample:\n  $ chorus market withdraw')
    .action(async (flags: HomeOptions) => {
      const paid = await (await connectNode(flags)).withdrawFromMarket();
      if (flags.json) printJson(paid);
      else print(...withdrawnLines(paid));
    });
  const command = new Command('market').description(
    'ask for work and hire; offers; jobs with their budget in escrow, disputes decided by validators',
  );
  command.addCommand(homeOptions(show), { isDefault: true });
  command.addCommand(askCommand());
  command.addCommand(offerCommand());
  command.addCommand(orderCommand());
  command.addCommand(jobCommand());
  command.addCommand(seatCommand());
  command.addCommand(homeOptions(withdraw));
  return command;
}

function seatCommand(): Command {
  const seat = new Command('seat').description('the seat of this node: validators with one decide disputes');
  for (const [name, description, take] of [
    ['take', 'take a seat: it needs stake behind the identity of this node (chorus stake deposit)', true],
    ['leave', 'give the seat up; votes that are open can still be cast', false],
  ] as const) {
    const sub = new Command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  $ chorus market seat ${name}`)
      .action(async (flags: HomeOptions) => {
        const market = await (await connectNode(flags)).seat({ take });
        if (flags.json) printJson(market);
        else print(...marketLines(market));
      });
    seat.addCommand(homeOptions(sub));
  }
  return seat;
}
