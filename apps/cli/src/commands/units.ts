import type { AdminClient, UnitsDocument } from '@chorus/admin-api';
import { ChorusError, parseTokenAmount } from '@chorus/protocol';
import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { agentNumber, unitCount } from '../options/numbers.ts';
import { print, printJson } from '../output/table.ts';
import { amount, short } from '../output/units.ts';
import { unitsLines } from '../revenue/view.ts';

interface LaunchFlags extends HomeOptions {
  price: string;
  step: string;
  cap: string;
  holders: string;
  mine: string;
  freedOver: string;
  about: string;
  token?: string;
}

interface TradeFlags extends HomeOptions {
  dryRun?: boolean;
  most?: string;
}

const DAYS = /^(\d{1,4})d$/;

/** `chorus units`: a part of what an agent earns, at a price by formula. */
export function unitsCommand(): Command {
  const show = new Command('show')
    .description('the units of an agent: terms, price, what you hold and what they brought')
    .argument('<agent>', 'its number: chorus agent find', agentNumber)
    .argument('[amount]', 'units to state the price of', unitCount, '1')
    .addHelpText('after', '\nExample:\n  $ chorus units show 7 10')
    .action(async (agent: string, count: string, flags: HomeOptions) => {
      const units = await (await connectNode(flags)).units(agent, { amount: count });
      if (flags.json) printJson(units);
      else print(...unitsLines(units, count));
    });
  const launch = new Command('launch')
    .description('launch units of an agent of yours: once, and under terms that never change')
    .argument('<agent>', 'its number: chorus agent list', agentNumber)
    .requiredOption('--price <amount>', 'price of the first unit, in tokens')
    .option('--step <amount>', 'by which each unit costs more than the one before', '0')
    .requiredOption('--cap <number>', 'most units at a time')
    .requiredOption(
      '--holders <percent>',
      'of each payment to the agent; at most what `share` of its file says',
    )
    .option('--mine <number>', 'units that you buy at once, at their price', '0')
    .option('--freed-over <days>', 'time over which these can be sold, such as 90d', '0d')
    .requiredOption('--about <text>', 'what buyers read')
    .option('--token <token>', 'token of the units, by symbol or address (the first of agents.tokens)')
    .addHelpText(
      'after',
      "\nUnits that bear revenue may be securities where you live.\n\nExample:\n  $ chorus units launch 7 --price 1 --step 0.01 --cap 1000 --holders 10 --mine 50 --freed-over 90d --about 'Reads digits'",
    )
    .action(launchAction);
  const buy = new Command('buy')
    .description('buy units at their price now; the fee of the network comes on top')
    .argument('<agent>', 'its number', agentNumber)
    .argument('<amount>', 'of units', unitCount)
    .option('--most <amount>', 'buy only if they cost no more than this, fee included, in tokens')
    .option('--dry-run', 'only say what they cost')
    .addHelpText('after', '\nExample:\n  $ chorus units buy 7 10 --most 12')
    .action((agent: string, count: string, flags: TradeFlags) => tradeAction('buy', agent, count, flags));
  const sell = new Command('sell')
    .description('sell units at their price now; the fee of the network comes off')
    .argument('<agent>', 'its number', agentNumber)
    .argument('<amount>', 'of units', unitCount)
    .option('--dry-run', 'only say what they bring')
    .addHelpText('after', '\nExample:\n  $ chorus units sell 7 10')
    .action((agent: string, count: string, flags: TradeFlags) => tradeAction('sell', agent, count, flags));
  const command = new Command('units').description(
    'units of agents: a part of what an agent earns, bought and sold at a price by formula',
  );
  for (const sub of [show, launch, buy, sell]) command.addCommand(homeOptions(sub));
  return command;
}

async function launchAction(agent: string, flags: LaunchFlags): Promise<void> {
  const days = DAYS.exec(flags.freedOver)?.[1];
  if (days === undefined) throw usage('--freed-over', flags.freedOver, 'give a number of days, such as 90d');
  const holders = Number(flags.holders);
  if (!(holders >= 0 && holders <= 100))
    throw usage('--holders', flags.holders, 'give a number from 0 to 100');
  const node = await connectNode(flags);
  const { tokens } = await node.revenue();
  const known = flags.token === undefined ? tokens[0] : tokens.find((each) => isCalled(each, flags.token!));
  if (!known || known.decimals === null) {
    throw usage(
      '--token',
      flags.token ?? '',
      'name a token of agents.tokens: chorus config get agents.tokens',
    );
  }
  const { token, decimals } = known;
  const units = await node.launchUnits(agent, {
    token,
    base: unitsOfText('--price', flags.price, decimals).toString(),
    slope: unitsOfText('--step', flags.step, decimals).toString(),
    cap: flags.cap,
    holders,
    creatorUnits: flags.mine,
    vestingSeconds: Number(days) * 86_400,
    description: flags.about,
  });
  if (flags.json) printJson(units);
  else print(...unitsLines(units, '1'));
}

async function tradeAction(
  kind: 'buy' | 'sell',
  agent: string,
  count: string,
  { dryRun = false, json = false, most, ...flags }: TradeFlags,
): Promise<void> {
  const node = await connectNode(flags);
  const units = await node.units(agent, { amount: count });
  const quote = kind === 'buy' ? units.purchase : units.sale;
  if (quote === null) {
    throw new ChorusError('E_USAGE', kind === 'buy' ? 'fewer units are left' : 'fewer units are out', {
      facts: { agent, amount: count, out: units.supply, cap: units.cap },
      hint: 'take fewer',
    });
  }
  const [price, fee] = [BigInt(quote.amount), BigInt(quote.fee)];
  const limit = kind === 'buy' ? price + fee : price - fee;
  const written = tokensOf(units, limit.toString());
  if (most !== undefined && limit > unitsOfText('--most', most, units.decimals ?? 0)) {
    throw new ChorusError('E_USAGE', `${count} units cost ${written} now, more than --most`, {
      facts: { agent, most },
      hint: 'take fewer, or give more',
    });
  }
  if (dryRun) {
    if (json) return printJson({ agentId: agent, units: count, ...quote, limit: limit.toString() });
    return print(
      `${count} units of agent ${agent} ${kind === 'buy' ? 'cost' : 'bring'} ${written}, the fee included`,
    );
  }
  const traded = await trade(node, kind, agent, { amount: count, limit: limit.toString() });
  if (json) return printJson(traded);
  print(
    `${kind === 'buy' ? 'bought' : 'sold'} ${count} units of agent ${agent} for ${tokensOf(units, traded.amount)} in ${traded.transaction}`,
  );
}

const trade = (
  node: Pick<AdminClient, 'buyUnits' | 'sellUnits'>,
  kind: 'buy' | 'sell',
  agent: string,
  request: { amount: string; limit: string },
) => (kind === 'buy' ? node.buyUnits(agent, request) : node.sellUnits(agent, request));

const tokensOf = ({ token, symbol, decimals }: UnitsDocument, units: string): string =>
  `${amount(units, decimals)} ${symbol ?? short(token)}`;

/** Whether a token has this symbol or address. */
const isCalled = ({ token, symbol }: { token: string; symbol: string | null }, name: string): boolean =>
  symbol === name || token.toLowerCase() === name.toLowerCase();

/** An amount in tokens, which may be 0, in the token's smallest unit. */
function unitsOfText(option: string, text: string, decimals: number): bigint {
  const units = parseTokenAmount(text, decimals);
  if (units !== null) return units;
  throw usage(option, text, `give a number with at most ${decimals} decimals, such as 0.01`);
}

function usage(option: string, given: string, hint: string): ChorusError {
  return new ChorusError('E_USAGE', `${option} cannot be read`, {
    facts: { given: given.slice(0, 50) },
    hint,
  });
}
