import { formatUnits } from '@chorus/chain';
import type { Offence } from '@chorus/protocol';
import { counted, plainLine } from '@chorus/protocol';
import { describeAttack, logMessageOf } from '@chorus/service-training';
import colors from 'yoctocolors';
import { createSpinner } from '../output/spinner.ts';
import { table } from '../output/table.ts';
import { write } from '../output/terminal.ts';
import { amount, OWN_TOKEN_DECIMALS } from '../output/units.ts';
import type { DemoAgent } from './agents.ts';
import type { DemoProgress } from './demo.ts';
import type { DemoOptions } from './options.ts';
import type { DemoPage } from './page.ts';
import type { DemoReport, RoundResult } from './report.ts';
import type { RoyaltiesReport } from './royalties.ts';

/** Most characters of a text that is shown. */
const MAX_SAID = 160;

export interface DemoView {
  progress(progress: DemoProgress): void;
  /** @param page where a node that goes on shows the network; null if none does */
  finish(report: DemoReport, page: DemoPage | null): void;
  fail(): void;
}

const STAGE_TEXT: Record<string, string> = {
  train: 'training',
  commit: 'committing',
  reference: 'validating',
  aggregate: 'aggregating',
  prove: 'proving',
  settle: 'settling',
};

const OFFENCE_TEXT: Record<Offence, string> = {
  'trainer-absent': 'it did not commit in time',
  'validator-absent': 'it did not seal or open its reference in time',
  'aggregator-absent': 'it let its turn to settle pass',
  unavailable: 'its payload was not available',
  'false-verdict': 'it denied an available payload',
  'rejected-reference': 'its reference was rejected',
};

/** Progress on standard error; the summary, or the JSON document, on standard output. */
export function createDemoView(options: DemoOptions): DemoView {
  const spinner = createSpinner();
  let round = 0;
  /** Stages of rounds that a line was written for. */
  const told = new Set<string>();
  const line = (text: string) => {
    const spinning = spinner.isSpinning;
    if (spinning) spinner.stop();
    write(process.stderr, `${text}\n`);
    if (spinning) spinner.start();
  };
  return {
    progress(progress) {
      if (progress.type === 'step') {
        // A terminal shows the newest step; a log keeps every one.
        if (!process.stderr.isTTY) line(`- ${progress.text}`);
        else if (spinner.isSpinning) spinner.text = progress.text;
        else spinner.start(progress.text);
      } else if (progress.type === 'node') {
        const { event, name } = progress;
        if (event.type === 'warning' || event.type === 'payload-refused' || event.type === 'task-refused') {
          line(colors.yellow(`  ${name}: ${logMessageOf(event).text}`));
        }
        if (event.type === 'stage' && event.stage !== 'recompute') {
          round = Math.max(round, event.round);
          const text = `round ${round} of ${options.rounds}: ${name} done ${STAGE_TEXT[event.stage]}`;
          if (process.stderr.isTTY) spinner.text = text;
          else if (!told.has(`${event.round} ${event.stage}`)) {
            // A log has one line for each stage of a round: of the first node that has done it.
            told.add(`${event.round} ${event.stage}`);
            line(`- ${text}`);
          }
        }
      } else if (progress.type === 'killed') {
        line(colors.magenta(`  killed ${progress.name}: ${progress.why}`));
      } else if (progress.type === 'slash') {
        const { id, offence, round: number } = progress.slash;
        line(colors.yellow(`  round ${number}: ${id} is slashed (${OFFENCE_TEXT[offence]})`));
      } else if (progress.type === 'round') {
        line(roundLine(progress.result));
      }
    },
    finish(report, page) {
      spinner.stop();
      const text = options.json ? `${JSON.stringify(report, null, 2)}\n` : summary(report, page !== null);
      write(process.stdout, text + (page === null || options.json ? '' : pageText(page)));
    },
    fail() {
      spinner.stop();
    },
  };
}

const percent = (fraction: number, digits = 1) => `${(100 * fraction).toFixed(digits)} %`;
const seconds = (value: number) => value.toFixed(2);
const tokens = (amount: string) => Number(formatUnits(BigInt(amount), OWN_TOKEN_DECIMALS)).toFixed(2);

function proofText({ proof }: RoundResult): string {
  return proof === 'ok' ? colors.green('proof ok') : colors.red(`proof: ${proof}`);
}

function roundLine(result: RoundResult): string {
  const { same, of } = result.agreement;
  const agree =
    same === of
      ? `${counted(of, 'node')} ${of === 1 ? 'agrees' : 'agree'}`
      : colors.red(`${same} of ${counted(of, 'node')} agree`);
  return (
    `${colors.green('✔')} round ${result.round}: accuracy ${colors.bold(percent(result.accuracy))}, ` +
    `loss ${result.loss.toFixed(3)}, ${seconds(result.seconds.total)} s (proving ${seconds(result.seconds.prove)} s), ` +
    `gas ${result.gas.toLocaleString('en')}, ${proofText(result)}, ${agree}`
  );
}

/** Of the table of rounds; seconds overlap between nodes. */
const ROUND_HEAD = [
  'round',
  'accuracy',
  'loss',
  ...['train', 'commit', 'aggr.', 'prove', 'settle', 'other', 'total'].map((stage) => `${stage} s`),
  'gas',
  'proof',
];

function summary(report: DemoReport, hasPage: boolean): string {
  const rounds = report.rounds.map((r) => [
    r.round,
    percent(r.accuracy),
    r.loss.toFixed(3),
    seconds(r.seconds.train),
    seconds(r.seconds.commit),
    seconds(r.seconds.aggregate),
    seconds(r.seconds.prove),
    seconds(r.seconds.settle),
    seconds(r.seconds.overhead),
    seconds(r.seconds.total),
    r.gas.toLocaleString('en'),
    r.proof,
  ]);
  const { ledger } = report;
  const ok = (good: boolean) => (good ? colors.green('yes') : colors.red('NO'));
  return [
    '',
    table(ROUND_HEAD, rounds, { right: ROUND_HEAD.map((_, i) => i) }),
    trainersTable(report),
    '',
    `model     ${report.model.name}, ${counted(report.model.dimension, 'parameter')}, trained on ${report.data.source} (${report.data.split})`,
    `accuracy  ${colors.bold(percent(report.finalAccuracy, 2))} on ${report.data.test.toLocaleString('en')} test samples, ${percent(report.initial.accuracy, 2)} before the first round`,
    `loss      ${report.initial.loss.toFixed(3)} before the first round, ${report.rounds.map(({ loss }) => loss.toFixed(3)).join(', ')} after each`,
    ...attackersText(report),
    `ledger    escrowed  ${ledger.escrowed}`,
    `          + slashed ${ledger.slashed.padStart(ledger.escrowed.length)}`,
    `          = paid    ${ledger.paid.padStart(ledger.escrowed.length)}`,
    `          + fees    ${ledger.fees.padStart(ledger.escrowed.length)}`,
    `          + left    ${ledger.remaining.padStart(ledger.escrowed.length)}   to the last unit: ${ok(ledger.balanced)}`,
    `stake     ${tokens(ledger.held)} of ${tokens(ledger.staked)} remains behind its owners' identities, ${tokens(ledger.burned)} was burned`,
    `the final model opens C_total on chain (task ${report.task.id}): ${ok(report.modelOpensCommitment)}`,
    ...agentsText(report),
    `${report.seconds.toFixed(1)} s in all`,
    ...(report.folder ? followUps(report, report.folder, hasPage) : []),
    '',
  ].join('\n');
}

/** What the agents answered, and where the money went. */
function agentsText({ agents, agentCall, agentLedger, royalties, task }: DemoReport): string[] {
  if (!agents || !agentCall || !agentLedger || !royalties) return [];
  const [reader, desk] = agents as [DemoAgent, DemoAgent];
  const earned = ({ calls, earned, reputation }: DemoAgent) =>
    `${counted(calls, 'call')}, earned ${tokens(earned)}, rated ${reputation.score} of 100`;
  const said =
    'text' in agentCall
      ? `"${oneLine(agentCall.question)}" is answered: ${colors.bold(oneLine(agentCall.text))}`
      : `${colors.bold(agentCall.label)} (${percent(agentCall.confidence)}), the sample is ${agentCall.expected}`;
  return [
    `agents    ${reader.id} "${reader.name}" at ${reader.node}, with the model of task ${task.id}: ${earned(reader)}`,
    `          ${desk.id} "${desk.name}" at ${desk.node} asks agent ${reader.id}: ${earned(desk)}, paid ${tokens(desk.paid)}`,
    `          the requester found agent ${desk.id}, called it and paid: ${said}`,
    `          paid ${agentLedger.paid} = earned ${agentLedger.earned}   to the last unit: ${agentLedger.balanced ? colors.green('yes') : colors.red('NO')}   (${agentCall.seconds.toFixed(1)} s)`,
    ...royaltiesText(royalties),
  ];
}

/** Who was paid for the use of the trained model. */
function royaltiesText({ agent, trainers, claimed, protocolFee, rest, balanced }: RoyaltiesReport): string[] {
  const each = claimed.map(({ id, amount }) => `${id} ${little(amount)}`).join(', ');
  return [
    `royalties of what agent ${agent} was paid, ${little(trainers)} to those who trained its model: ${each}`,
    `          ${little(rest)} to its owner, ${little(protocolFee)} fee   to the last unit: ${balanced ? colors.green('yes') : colors.red('NO')}`,
  ];
}

/** An amount with more digits than a reward needs. */
const little = (units: string): string => amount(units, OWN_TOKEN_DECIMALS);

/** A text that fits into a line, and cannot steer a terminal. */
const oneLine = (text: string): string => {
  const plain = plainLine(text).replace(/\s+/g, ' ').trim();
  return plain.length > MAX_SAID ? `${plain.slice(0, MAX_SAID)}...` : plain;
};

/** The addresses at which a browser shows the network that still runs. */
const pageText = ({ owner, everyone }: DemoPage): string =>
  [
    '',
    'All nodes go on until Ctrl-C. In a browser of this machine you see what they did: check the proofs yourself, see who',
    'was paid and why, and ask the model that was just trained:',
    '',
    `  ${colors.bold(owner)}`,
    '',
    colors.dim('The address lets its holder use the node: keep it to yourself.'),
    ...(everyone === null ? [] : [`What everyone may see of it, without a token: ${everyone}`]),
    '',
  ].join('\n');

/** What to try on a network that was kept. */
function followUps(report: DemoReport, folder: string, hasPage: boolean): string[] {
  const { id } = report.task;
  const last = report.rounds.at(-1)?.round ?? 1;
  const commands: [command: string, what: string][] = [
    ['proof list', 'every settlement, each proof checked again'],
    [`proof verify ${id} ${last}`, 'each check of a round by name'],
    [`why ${id} ${last} trainer-1`, 'from the update to the reward, number by number'],
    report.data.isText
      ? ['model get -o adapter.gguf', 'the trained adapter, as llama.cpp loads it']
      : ['model get -o model.onnx', 'the trained model as ordinary ONNX'],
    [`model verify ${report.modelCid ?? 'CID'}`, 'a model against the chain'],
  ];
  return [
    '',
    `kept in ${folder}`,
    `now try, with ${colors.bold('chorus')} for ${colors.dim('npx -y pnpm@10.34.9 --silent chorus')} in a checkout:`,
    ...commands.map(([command, what]) => `  chorus ${command.padEnd(23)}  ${colors.dim(`# ${what}`)}`),
    ...(hasPage
      ? []
      : [
          'in a terminal, or with --page, a demo that is kept ends with the link of a web page that shows all this',
        ]),
  ];
}

/** What each attacker did, what it earned compared with an honest trainer, and why. */
function attackersText({ rounds, attackersShare }: DemoReport): string[] {
  const lines = [`attackers earned ${percent(attackersShare, 2)} of all rewards`];
  const last = rounds.at(-1)?.trainers ?? [];
  const earned = (address: string) =>
    rounds
      .flatMap((r) => r.trainers.filter((t) => t.address === address))
      .reduce((sum, t) => sum + BigInt(t.reward), 0n);
  const all = last.reduce((sum, t) => sum + earned(t.address), 0n);
  const part = (amount: bigint) => (all === 0n ? 0 : Number((amount * 1_000_000n) / all) / 1_000_000);
  const honest = last.filter((t) => t.attack === null);
  const usual =
    honest.length > 0 ? honest.reduce((sum, t) => sum + part(earned(t.address)), 0) / honest.length : 0;
  for (const { id, address, attack, reason } of last) {
    if (attack === null) continue;
    const did = describeAttack(attack);
    const share = part(earned(address));
    lines.push(
      `  ${colors.red(id)} ${did}: ${percent(share)}, an honest trainer ${percent(usual)}. Last round: ${reason}`,
    );
  }
  return lines;
}

/** Per trainer: weight and share round by round, the sum of its rewards, and the last reason. */
function trainersTable(report: DemoReport): string {
  const last = report.rounds.at(-1);
  const trainers = [...(last?.trainers ?? [])].sort((a, b) => a.id.localeCompare(b.id));
  const rows = trainers.map((trainer) => {
    const own = report.rounds.map((r) => r.trainers.find((t) => t.address === trainer.address)!);
    const earned = own.reduce((sum, t) => sum + BigInt(t.reward), 0n);
    return [
      trainer.attack ? colors.red(trainer.id) : trainer.id,
      trainer.attack ?? '-',
      percent(trainer.weight),
      own.map((t) => (100 * t.share).toFixed(0)).join(' '),
      tokens(earned.toString()),
      trainer.reason,
    ];
  });
  const head = ['trainer', 'attack', 'weight', 'share %, by round', 'reward', 'why (last round)'];
  return table(head, rows, { widths: [11, 18, 9, 22, 10, 52], lines: true });
}
