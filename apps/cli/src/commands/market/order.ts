import { Command } from 'commander';
import { answerText } from '../../agent/view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { orderLines, ordersTable } from '../../market/asks/ask-view.ts';
import { print, printJson } from '../../output/table.ts';

/** `chorus market order`: what became of orders. */
export function orderCommand(): Command {
  const list = new Command('list')
    .description('the latest orders of this node')
    .addHelpText('after', '\nExample:\n  $ chorus market order list')
    .action(async (flags: HomeOptions) => {
      const orders = await (await connectNode(flags)).orders();
      if (flags.json) printJson(orders);
      else print(ordersTable(orders.orders));
    });
  const show = new Command('show')
    .description('an order: who has it, who was passed over and why, and its job')
    .argument('<order>', 'its id: chorus market order list')
    .addHelpText('after', '\nExample:\n  $ chorus market order show 1f0c8a52-...')
    .action(async (id: string, flags: HomeOptions) => {
      const order = await (await connectNode(flags)).order(id);
      if (flags.json) printJson(order);
      else print(...orderLines(order), ...(order.answer ? ['', answerText(order.answer.text)] : []));
    });
  const command = new Command('order').description(
    'orders of this node: hired with chorus market ask --hire',
  );
  command.addCommand(homeOptions(list), { isDefault: true });
  command.addCommand(homeOptions(show));
  return command;
}
