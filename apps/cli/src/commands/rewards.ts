import type { Rewards } from '@chorus/admin-api';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { fields, print, printJson } from '../output/table.ts';
import { amount, short } from '../output/units.ts';

/** `chorus rewards`: what the node earned, and claiming it. */
export function rewardsCommand(): Command {
  const show = new Command('show')
    .description('show what was earned, what can be claimed, and the stake that tasks lock now')
    .addHelpText('after', '\nExample:\n  $ chorus rewards')
    .action(showAction);
  const claim = new Command('claim')
    .description('claim rewards to the wallet')
    .option('--token <address>', 'claim only this token')
    .addHelpText('after', '\nExample:\n  $ chorus rewards claim')
    .action(claimAction);
  return new Command('rewards')
    .description('what the running node earned, and claiming it')
    .addCommand(homeOptions(show), { isDefault: true })
    .addCommand(homeOptions(claim));
}

async function showAction(flags: HomeOptions): Promise<void> {
  const rewards = await (await connectNode(flags)).rewards();
  if (flags.json) return printJson(rewards);
  const tokens = [
    ...new Set([...rewards.earned, ...rewards.claimable, ...rewards.staked].map(({ token }) => token)),
  ];
  if (tokens.length === 0) return print('nothing earned yet');
  print(tokens.map((token) => describe(token, rewards)).join('\n\n'));
}

function describe(token: string, { earned, claimable, staked }: Rewards): string {
  const of = <T extends { token: string }>(list: T[]) => list.find((entry) => entry.token === token);
  const money = of(earned);
  const decimals = (money ?? of(claimable) ?? of(staked))?.decimals ?? null;
  const written = (units = '0') => amount(units, decimals);
  return [
    colors.bold(`token ${short(token)}`),
    fields([
      ['earned', written(money?.amount)],
      ['  by training', written(money?.rewards)],
      ['  by fees', written(money?.fees)],
      ['paid out', written(money?.claimed)],
      ['claimable', written(of(claimable)?.amount)],
      [
        'locked in tasks',
        `${written(of(staked)?.amount)}  ${colors.dim('(all of the stake: chorus stake)')}`,
      ],
      ['rounds', money ? `${money.settled} settled, ${money.paid} of them paid, ${money.void} void` : '-'],
    ]),
  ].join('\n');
}

async function claimAction(flags: HomeOptions & { token?: string }): Promise<void> {
  const node = await connectNode(flags);
  const { claimed } = await node.claim(flags.token ? { token: flags.token } : {});
  if (flags.json) return printJson({ claimed });
  if (claimed.length === 0) return print('there is nothing to claim');
  for (const { token, amount: units, decimals, transaction } of claimed) {
    print(`${amount(units, decimals)} of ${short(token)} paid out in ${transaction}`);
  }
}
