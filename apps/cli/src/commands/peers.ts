import type { Peer } from '@chorus/admin-api';
import { Command } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../environment/home.ts';
import { columns, cut } from '../output/columns.ts';
import { print, printJson } from '../output/table.ts';
import { duration } from '../output/units.ts';

/** `chorus peers`: peers the running node is connected to, and peers it bans. */
export function peersCommand(): Command {
  const list = new Command('list')
    .description('connected peers')
    .addHelpText('after', '\nExample:\n  $ chorus peers list')
    .action(listAction);
  const bans = new Command('bans')
    .description('list banned peers, with the reason')
    .addHelpText('after', '\nExample:\n  $ chorus peers bans')
    .action(bansAction);
  const ban = new Command('ban')
    .description('ban a peer')
    .argument('<peer>', 'its peer id')
    .option('--seconds <n>', 'how long to ban it')
    .addHelpText('after', '\nExample:\n  $ chorus peers ban 12D3KooW... --seconds 3600')
    .action(async (peerId: string, flags: HomeOptions & { seconds?: string }) => {
      const node = await connectNode(flags);
      const seconds = flags.seconds === undefined ? {} : { seconds: Number(flags.seconds) };
      const banned = await node.ban({ peerId, ...seconds, reason: 'banned by hand' });
      if (flags.json) printJson(banned);
      else print(`${banned.peerId} is banned ${banned.until ? `until ${banned.until}` : 'permanently'}`);
    });
  const unban = new Command('unban')
    .description('lift the ban of a peer')
    .argument('<peer>', 'its peer id')
    .addHelpText('after', '\nExample:\n  $ chorus peers unban 12D3KooW...')
    .action(async (peerId: string, flags: HomeOptions) => {
      await (await connectNode(flags)).unban(peerId);
      if (flags.json) printJson({ unbanned: peerId });
      else print(`${peerId} may connect again`);
    });
  const command = new Command('peers').description(
    'peers the running node is connected to, and peers it bans',
  );
  command.addCommand(homeOptions(list), { isDefault: true });
  for (const sub of [bans, ban, unban]) command.addCommand(homeOptions(sub));
  return command;
}

async function listAction(flags: HomeOptions): Promise<void> {
  const { peers } = await (await connectNode(flags)).peers();
  if (flags.json) return printJson({ peers });
  if (peers.length === 0) return print('no peer is connected; find the reason with `chorus doctor`');
  print(
    ...columns(
      ['PEER', 'WAY', 'PING', 'SCORE', 'SINCE', 'BLAME', 'TASKS', 'ADDRESS'],
      peers.map(row),
      [52, 3, 7, 5, 8, 5, 8, 100],
    ).map((line) => cut(line, process.stdout.columns ?? 200)),
  );
}

function row(peer: Peer): string[] {
  const since = peer.since === null ? '-' : duration((Date.now() - Date.parse(peer.since)) / 1000);
  return [
    peer.peerId,
    peer.direction === null ? '-' : peer.direction.replace('bound', ''),
    peer.latencyMs === null ? '-' : `${peer.latencyMs.toFixed(0)} ms`,
    peer.score === null ? '-' : peer.score.toFixed(1),
    since,
    peer.blame === null ? '-' : peer.blame.toFixed(0),
    peer.tasks.join(',') || '-',
    peer.addresses[0]?.replace(/\/p2p\/\w+$/, '') ?? '-',
  ];
}

async function bansAction(flags: HomeOptions): Promise<void> {
  const { bans } = await (await connectNode(flags)).bans();
  if (flags.json) return printJson({ bans });
  if (bans.length === 0) return print('no peer is banned');
  print(
    ...columns(
      ['PEER', 'UNTIL', 'WHY'],
      bans.map(({ peerId, until, reason }) => [peerId, until ?? 'permanently', reason]),
      [52, 24, 100],
    ),
  );
}
