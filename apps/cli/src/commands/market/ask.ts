import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AdminClient, MarketAsk, MarketAskRequest, OrderDocument } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Command, Option } from 'commander';
import { answerText } from '../../agent/view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { askLines, orderLines, whyLines } from '../../market/asks/ask-view.ts';
import { inputOf } from '../../market/asks/input.ts';
import { integer } from '../../options/numbers.ts';
import { secondsOf } from '../../options/time.ts';
import { createSpinner } from '../../output/spinner.ts';
import { print, printJson } from '../../output/table.ts';

interface AskFlags extends HomeOptions {
  skill?: string;
  kind?: 'job' | 'call';
  budget: string;
  within: string;
  minScore: string;
  trust: 'proven' | 'rated' | 'known';
  agent?: string;
  input?: string;
  wait: string;
  hire?: boolean;
  yes?: boolean;
  why?: boolean;
  save?: string;
}

/** Between two looks at an order, ms. */
const LOOK_MILLISECONDS = 500;
/** How long an order may take to be taken up before the command leaves it to the node. */
const TAKE_UP_LOOKS = 600;

const HELP = `
The text, skill, budget and time go to every node of the network, with this node's peer id: write nothing in them that is
private. The input (--input) is sent only to the agent that is hired, once a job's price is in escrow. Answers are checked
link by link against the chain; a price in an answer is signed, and cannot be raised.

With --hire the best one is hired after you agree to its price. If it does not take the order, the next is asked, for no
more than you agreed to, as long as nothing is paid. It ends with 1 if no agent can be hired.

Examples:
  $ chorus market ask 'a chart of the peg of CHOR' --budget '2 CHOR' --within 10m --why
  $ chorus market ask 'translate a letter' --skill translate --budget 5 --within 1h --input letter.json --hire
  $ chorus market ask 'a chart' --agent 7 --budget '2 CHOR' --within 10m --hire --yes --json`;

/** `chorus market ask`: ask the network for an offer, and hire. */
export function askCommand(): Command {
  const command = new Command('ask')
    .description('ask the network who does something, for which price, within which time; and hire the best')
    .argument('<text>', 'what you need, at most 500 characters; every node may read it')
    .option('--skill <id>', 'only agents with a skill of this id or tag')
    .addOption(new Option('--kind <kind>', 'only jobs in escrow, or only calls').choices(['job', 'call']))
    .requiredOption('--budget <sum>', "the most that it may cost, such as '2 CHOR'")
    .requiredOption('--within <time>', 'within which it has to be done, such as 10m or 2h')
    .option('--min-score <total>', 'only answers with at least this total, 0 to 100', '0')
    .addOption(
      new Option(
        '--trust <whom>',
        'proven: any proven identity; rated: rated by a payer; known: has worked for this node',
      )
        .choices(['proven', 'rated', 'known'])
        .default('proven'),
    )
    .option('--agent <number>', 'ask this agent alone; no other node reads the ask')
    .option('--input <file>', 'JSON that the hired one gets; the text of the ask by default')
    .option('--wait <seconds>', 'how long to wait for answers', '8')
    .option('--why', 'say how each total comes about')
    .option('--hire', 'hire the best one')
    .option('--yes', 'agree to its price without a question')
    .option('--save <folder>', 'write files of the answer to a call there');
  return homeOptions(command).addHelpText('after', HELP).action(askAction);
}

async function askAction(text: string, flags: AskFlags): Promise<void> {
  const request: MarketAskRequest = {
    ...{ text, budget: flags.budget, seconds: secondsOf('within', flags.within), trust: flags.trust },
    ...{
      minScore: integer('min-score', flags.minScore, 0, 100),
      waitSeconds: integer('wait', flags.wait, 1, 60),
    },
    ...(flags.skill === undefined ? {} : { skill: flags.skill }),
    ...(flags.kind === undefined ? {} : { kind: flags.kind }),
    ...(flags.agent === undefined ? {} : { agentId: flags.agent }),
  };
  const input = flags.input === undefined ? {} : { input: await inputOf(flags.input) };
  const node = await connectNode(flags);
  const found = await whileSpinning('asking the network', () => node.askMarket(request));
  if (!flags.json) {
    print(...askLines(found));
    if (flags.why) for (const answer of found.answers) print('', ...whyLines(answer));
  }
  if (!flags.hire) {
    if (flags.json) printJson(found);
    else if (found.answers.some(({ unfit }) => unfit === null))
      print('', 'To hire the best one: the same with --hire');
    return;
  }
  const order = await hire(node, found, input, flags);
  if (flags.save !== undefined && order.answer) await save(flags.save, order.answer);
  if (flags.json) printJson({ ask: found, order });
  else print('', ...orderLines(order), ...(order.answer ? ['', answerText(order.answer.text)] : []));
  if (order.state === 'failed') {
    const { message, hint } = order.problem ?? { message: 'the order failed', hint: null };
    throw new ChorusError('E_MARKET_HIRE', message, {
      facts: { order: order.orderId },
      ...(hint ? { hint } : {}),
    });
  }
}

async function hire(
  node: AdminClient,
  { askId, answers }: MarketAsk,
  input: { input?: unknown },
  { yes, json }: AskFlags,
): Promise<OrderDocument> {
  const fit = answers.filter(({ unfit }) => unfit === null);
  const best = fit[0];
  // Without one the node says what to do.
  const most = best?.price.units ?? '0';
  if (best && best.input !== null && !('input' in input)) {
    throw new ChorusError('E_USAGE', 'this offer takes JSON, and no text', {
      facts: { agent: best.agentId, offer: best.offer },
      hint: `give it with --input FILE; what it takes: chorus market offer show ${best.agentId}`,
    });
  }
  if (best && !yes) await agree(best, fit.length, json);
  const body = { most, ...input } as Parameters<AdminClient['hire']>[1];
  let order = await node.hire(askId, body);
  return whileSpinning('hiring', async () => {
    for (let i = 0; i < TAKE_UP_LOOKS && (order.state === 'hiring' || order.state === 'placed'); i++) {
      await delay(LOOK_MILLISECONDS);
      order = await node.order(order.orderId);
    }
    return order;
  });
}

/** @throws ChorusError `E_CANCELLED` if the owner does not agree, `E_USAGE` if no terminal can be asked */
async function agree(
  { agentId, title, offer, price }: MarketAsk['answers'][number],
  fit: number,
  json: boolean | undefined,
): Promise<void> {
  if (json || !process.stdin.isTTY) {
    throw new ChorusError('E_USAGE', 'no terminal can be asked to agree to the price', {
      facts: { agent: agentId, price: price.text },
      hint: 'agree with --yes',
    });
  }
  const { confirm } = await import('@clack/prompts');
  const others = fit > 1 ? ', or the next that costs no more if it does not take the order' : '';
  const message = `Hire agent ${agentId} (${title}), ${offer}, for ${price.text}${others}?`;
  if ((await confirm({ message, output: process.stderr, initialValue: false })) === true) return;
  throw new ChorusError('E_CANCELLED', 'no agent was hired, and nothing was paid');
}

/** Names of files are a stranger's: they lead nowhere else, and overwrite nothing. */
async function save(folder: string, { files }: NonNullable<OrderDocument['answer']>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [i, { name, base64 }] of files.entries()) {
    const plain =
      basename(name)
        .replace(/[^A-Za-z0-9._-]/g, '_')
        .replace(/^\.+/, '') || 'file';
    await writeFile(join(folder, `${i + 1}-${plain.slice(0, 100)}`), Buffer.from(base64, 'base64'), {
      flag: 'wx',
    });
  }
}

async function whileSpinning<T>(text: string, work: () => Promise<T>): Promise<T> {
  const spinner = createSpinner();
  spinner.start(text);
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}
