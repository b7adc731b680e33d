import type { RoundSummary, Status, TaskSummary, TokenAmount } from '@chorus/admin-api';
import { COIN_DECIMALS, counted, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { getAddress } from 'ethers';
import colors from 'yoctocolors';
import { columns, cut } from '../output/columns.ts';
import { amount, bytes, duration, short } from '../output/units.ts';
import { spentText } from './privacy-view.ts';

export interface ScreenSize {
  columns: number;
  rows: number;
}

/** Rows of a list; the last may say how many are left out. */
const LEAST_TASKS = 3;
const MOST_ROUNDS = 5;
/** A list's heading, and the empty line below it. */
const AROUND = 2;

/**
 * Everything a contributor wants to know of a node, on one screen. Lists are cut to fit, and say how much is left
 * out.
 */
export function statusScreen(status: Status, size: ScreenSize): string {
  const head = [...headLines(status), ''];
  const warnings = warningLines(status);
  const lists = AROUND + (status.rounds.length > 0 ? AROUND : 0);
  // One row for the prompt.
  const room = size.rows - 1 - head.length - warnings.length - lists;
  const rounds = Math.max(1, Math.min(status.rounds.length, MOST_ROUNDS, room - LEAST_TASKS));
  const tasks = Math.max(LEAST_TASKS, room - Math.min(rounds, status.rounds.length));
  return [...head, ...taskLines(status, tasks), ...roundLines(status.rounds, rounds), ...warnings]
    .map((line) => cut(line, size.columns))
    .join('\n');
}

const STATE: Readonly<Record<Status['state'], string>> = {
  starting: colors.yellow('starting'),
  ready: colors.green('ready'),
  paused: colors.yellow('paused'),
  stopping: colors.yellow('stopping'),
};

function headLines(status: Status): string[] {
  const { node, identity, network, chain, resources } = status;
  const line = (name: string, ...parts: (string | null)[]) =>
    `${colors.dim(name.padEnd(9))}${parts.filter((part) => part !== null).join(', ')}`;
  const lag = chain.lagSeconds === null ? null : `last block ${duration(Math.max(0, chain.lagSeconds))} ago`;
  const traffic =
    network.bytesIn === null || network.bytesOut === null
      ? null
      : `${bytes(network.bytesIn)} in, ${bytes(network.bytesOut)} out`;
  return [
    `${colors.bold(`chorus ${node.version}`)} ${STATE[status.state]}, up ${duration(node.uptimeSeconds)}, ${node.roles.join(' and ') || 'no role'}, process ${node.pid}`,
    line('node', identity.peerId),
    ...(identity.did === null ? [] : [line('', identity.did)]),
    line(
      'wallet',
      getAddress(identity.wallet),
      chain.gasBalance === null ? null : `${amount(chain.gasBalance, COIN_DECIMALS)} for gas`,
    ),
    line(
      'network',
      counted(network.peers, 'peer'),
      network.bans > 0 ? `${network.bans} banned` : null,
      traffic,
      network.addresses[0]?.replace(/\/p2p\/\w+$/, '') ?? 'not listening',
    ),
    ...(network.gateway ? [line('gateway', network.gateway)] : []),
    line(
      'chain',
      chain.reachable
        ? `${chain.id} at block ${chain.height ?? '?'}`
        : colors.red(`${chain.id} not reachable`),
      lag,
      requestsText(chain.requests),
      `contract ${short(chain.contract)}`,
    ),
    line(
      'money',
      `earned ${colors.bold(amounts(status.earned))}`,
      `claimable ${amounts(status.claimable)}`,
      `locked in tasks ${amounts(status.staked)}`,
    ),
    line('stakes', ...stakeParts(status.limits)),
    ...agentsRow(status.agents).map((text) => line('agents', text)),
    ...jobsRows(status.market).map((text) => line('jobs', text)),
    ...privacyRow(status.privacy).map((text) => line('privacy', text)),
    line(
      'machine',
      `CPU ${resources.cpuPercent.toFixed(0)} %`,
      `${bytes(resources.rssBytes)} memory`,
      resources.disk.usedBytes === null ? null : `${bytes(resources.disk.usedBytes)} on disk`,
      resources.disk.freeBytes === null ? null : `${bytes(resources.disk.freeBytes)} free`,
    ),
  ];
}

/** If the endpoint limits requests: the part of the limit that is used. */
function requestsText(requests: Status['chain']['requests']): string | null {
  if (requests === null || requests.limit === null) return null;
  const paused = requests.pausedUntil === null ? '' : colors.yellow(', which asked for a pause');
  return `${requests.lastMinute} of ${requests.limit} requests a minute${paused}`;
}

/** A possible reason for having no task: without its owner's consent a node stakes nothing. */
const waitingFor = ({ stakePerTask }: Status['limits']) =>
  Number(stakePerTask) === 0
    ? 'the node joins none that requires stake; to allow some: chorus config set training.maxStake 10'
    : 'the node joins tasks that match its roles, data and limits';

function taskLines({ tasks, rounds, limits }: Status, room: number): string[] {
  if (tasks.length === 0)
    return [colors.dim(`${rounds.length === 0 ? 'no tasks yet' : 'no task now'}: ${waitingFor(limits)}`), ''];
  const fits = tasks.length <= room ? tasks : tasks.slice(0, room - 1);
  const rows = fits.map((task) => [
    task.id,
    task.name,
    rolesText(task),
    task.status === 'running' ? `${task.round}/${task.rounds} ${task.phase ?? ''}` : task.status,
    doing(task),
    amount(task.stake, task.decimals),
  ]);
  const left = tasks.length - fits.length;
  return [
    ...columns(['TASK', 'NAME', 'ROLE', 'ROUND', 'DOING', 'LOCKED'], rows, [4, 22, 10, 15, 16, 7]),
    ...(left > 0 ? [colors.dim(`and ${left} more: chorus task list`)] : []),
    '',
  ];
}

/** The limits that the owner has set. */
function stakeParts({ stakePerTask, stakePerDay, ...limits }: Status['limits']): string[] {
  if (Number(stakePerTask) === 0) return ['nothing'];
  return [
    `${stakePerTask} a task`,
    `${stakePerDay} a day`,
    limits.onlyListedTokens
      ? `in ${limits.listedTokens.map(short).join(' or ') || 'no token'}`
      : 'in any token',
    limits.owners === null
      ? 'for tasks of any owner'
      : `for tasks of ${counted(limits.owners.length, 'owner')}`,
    `at least ${counted(limits.minValidators, 'validator')}`,
  ];
}

/** Jobs that wait for the owner; empty without jobs. */
function jobsRows(market: Status['market']): string[] {
  if (!market || market.jobs === 0) return [];
  if (market.waiting.length === 0) return [`${market.jobs} open, none waits for you`];
  return market.waiting.map(({ jobId, what, until }) => {
    const end = until === null ? '' : ` until ${until}`;
    return `job ${jobId} waits for you: ${what}${end}; chorus market job show ${jobId}`;
  });
}

/** Agents by their state; empty without agents. */
function agentsRow(agents: Status['agents'] = []): string[] {
  const inState = (state: string) => agents.filter((agent) => agent.state === state).map(({ name }) => name);
  const parts = ['serving', 'starting', 'failed'].flatMap((state) => {
    const names = inState(state);
    if (names.length === 0) return [];
    const text = `${names.length} ${state} (${names.join(', ')})`;
    return state === 'failed' ? colors.red(text) : text;
  });
  return parts.length === 0 ? [] : [parts.join(', ')];
}

/** What was revealed of the data: the largest value of all data sets; empty if nothing was trained. */
function privacyRow({ spent, delta, maxEpsilon }: Status['privacy']): string[] {
  const [most] = [...spent].sort((a, b) => (b.epsilon ?? Infinity) - (a.epsilon ?? Infinity));
  if (!most) return [];
  const others = spent.length > 1 ? `; ${spent.length - 1} more: chorus status --json` : '';
  return [`${spentText(most, delta)}${maxEpsilon === null ? '' : `, at most ${maxEpsilon}`}${others}`];
}

const SHORT_ROLES = { trainer: 'train', validator: 'valid', aggregator: 'aggr' } as const;

/** An account's role in a task, in at most ten characters. */
export function rolesText({ roles, owner }: Pick<TaskSummary, 'roles' | 'owner'>): string {
  return roles.map((role) => SHORT_ROLES[role]).join('+') || (owner ? 'owner' : '-');
}

export function doing({ activity, duty, leaving, status }: TaskSummary): string {
  if (leaving) return 'leaving';
  if (activity) {
    const { stage, fraction } = activity;
    return fraction === null ? stage : `${stage} ${Math.floor(100 * fraction)} %`;
  }
  return duty ?? (status === 'running' ? 'waiting' : '-');
}

function roundLines(rounds: readonly RoundSummary[], most: number): string[] {
  if (rounds.length === 0) return [];
  const rows = rounds
    .slice(0, most)
    .map((round) => [
      round.taskId,
      String(round.round),
      round.outcome,
      round.weight === null ? '-' : percent(round.weight, WEIGHT_ONE),
      round.share === null ? '-' : percent(round.share, SHARE_ONE),
      amount(round.reward, round.decimals),
      amount(round.fee, round.decimals),
      round.endedAt.slice(11, 19),
    ]);
  return [
    ...columns(
      ['TASK', 'ROUND', 'OUTCOME', 'WEIGHT', 'SHARE', 'REWARD', 'FEE', 'AT (UTC)'],
      rows,
      [4, 6, 9, 8, 8, 12, 12, 8],
    ),
    '',
  ];
}

const MOST_WARNINGS = 3;

function warningLines({ warnings, paused }: Status): string[] {
  const notices = [
    ...paused.map(({ message, hint }) => ({ message: `paused: ${message}`, hint, count: 1 })),
    ...warnings.map(({ message, hint, count }) => ({ message, hint, count })),
  ];
  const lines = notices
    .slice(0, MOST_WARNINGS)
    .map(({ message, count }) => colors.yellow(`! ${message}${count > 1 ? ` (${count} times)` : ''}`));
  const left = notices.length - lines.length;
  return left > 0 ? [...lines, colors.dim(`and ${left} more: chorus status --json`)] : lines;
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

function amounts(list: readonly TokenAmount[]): string {
  const [first] = list;
  if (!first) return '0';
  if (list.length === 1) return amount(first.amount, first.decimals);
  return list
    .map(({ token, amount: units, decimals }) => `${amount(units, decimals)} of ${short(token)}`)
    .join(' + ');
}
