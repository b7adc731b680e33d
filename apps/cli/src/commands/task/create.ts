import { createHash, randomUUID } from 'node:crypto';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { formatUnits } from '@chorus/chain';
import { type Address, counted, exactAmount, hasCode } from '@chorus/protocol';
import type { EventJson, TaskRequest } from '@chorus/service-training';
import { logMessageOf } from '@chorus/service-training/log-messages';
import { someOf } from '@chorus/training';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { shellWord } from '../../environment/environment.ts';
import { EXIT, finish, Interrupted } from '../../environment/exit.ts';
import { homeOptions } from '../../environment/home.ts';
import { privacyText } from '../../inspect/privacy.ts';
import { Heartbeat } from '../../output/heartbeat.ts';
import { fields, print } from '../../output/table.ts';
import { write, writeJson } from '../../output/terminal.ts';
import { duration, short } from '../../output/units.ts';
import { ownerIn, strangersRefuse, strangersWarning } from '../../task/acceptable.ts';
import { type PlaceFlags, type PublishingPlace, publishingPlace } from '../../task/place.ts';
import { type Listener, type Outcome, publishByNode, publishByOwnNode } from '../../task/publish.ts';
import { endLines } from '../../task/task-end.ts';
import { eventLine } from '../../task/watch.ts';
import { type TaskWishes, taskRequest } from '../../task-request/request.ts';

interface CreateFlags extends PlaceFlags, Omit<TaskWishes, 'trainers' | 'seed' | 'model'> {
  trainers?: string;
  seed?: string;
  id?: string;
  detach?: boolean;
}

const EXAMPLES = `
Examples:
  $ chorus task create --rounds 5 --budget 50
  $ chorus task create --model model.onnx --data ./samples --validators 0xabc...,0xdef... --budget 500
  $ chorus task create --model model.onnx --input-shape 1x28x28 --classes 10 --allow partners.txt --licence MIT
  $ chorus task create --model SmolLM2-135M-Instruct.gguf --lora q_proj,v_proj --rank 8 --rounds 2 --budget 50
  $ chorus task create --devnet

The running node of this home publishes the task; if none runs, the command starts one until it ends. Terms, model,
disk space and balance are checked before the budget is escrowed. With --json each event is a line, and the outcome
is the last: {"taskId","outcome","accuracy","model","rounds","remaining","refunded"}.`;

/** `chorus task create`: publishes a task and follows it to its end. */
export function taskCreateCommand(): Command {
  const command = homeOptions(
    new Command('create').description(
      'publish a task: check it, escrow its budget, announce it, follow its rounds until it has ended',
    ),
  );
  return command
    .option(
      '--devnet [dir]',
      "publish as the devnet's requester, which holds its tokens and appoints its validators",
    )
    .option('--detach', 'do not follow the task; the running node does')
    .option(
      '--id <text>',
      'publish only once under this id, however often the command runs; without it, each run publishes a new task',
    )
    .optionsGroup('Model and data:')
    .option(
      '--model <name|file>',
      'mlp, cnn, 2nn (199,210 parameters), an ONNX file with logits [N, classes], or a language model in a GGUF file',
      'mlp',
    )
    .option(
      '--lora <parts>',
      'train low-rank adapters of the weights with these parts in their names, and nothing else (q_proj,v_proj of a language model)',
    )
    .option('--rank <n>', 'rank of the adapters (8)')
    .option('--alpha <a>', 'an adapter counts alpha / rank times (alpha: twice the rank)')
    .option('--context <n>', 'tokens of one sequence of a language model (64)')
    .option('--data <name|path>', 'data that defines the shape of samples (the data of the node)')
    .option('--input-shape <sizes>', 'shape of samples without --data, such as 1x28x28')
    .option(
      '--classes <file|n>',
      'all classes: a file with one name a line, in the order of their numbers, or their number',
    )
    .option('--name <text>', 'name of the task')
    .option('--licence <spdx>', 'licence of the trained model, such as Apache-2.0; nodes may require one')
    .option('--tags <words>', 'keywords to find the task, separated by commas')
    .option('--seed <n>', 'seed of a new model (another one for each task)')
    .optionsGroup('How:')
    .option('--rounds <n>', 'rounds of training', '3')
    .option('--local-epochs <n>', 'epochs per round of a trainer (2)')
    .option('--reference-epochs <n>', 'epochs per round of a validator (2.5 times those of a trainer)')
    .option('--batch-size <n>', 'samples per step (10)')
    .option('--learning-rate <rate>', 'learning rate of SGD (0.1)')
    .option(
      '--rule <id>',
      'how updates are scored: reference-projection or reference-trust',
      'reference-projection',
    )
    .option(
      '--payloads <who>',
      'who can read updates: sealed (validators and aggregators) or public (any connected peer)',
      'sealed',
    )
    .option('--optimizer <name>', 'sgd or adamw (sgd; adamw for a language model)')
    .option('--momentum <m>', 'of SGD (0)')
    .option('--weight-decay <w>', 'of the optimizer (0)')
    .option('--scale <s>', 'quantisation step of an int16 update (2^-14)')
    .option(
      '--privacy [clip:noise]',
      'train with per-sample clipping and noise, so that updates do not reveal samples (3:0.5); changes the defaults of ' +
        'epochs (12, cnn 4), batch (256) and rate (2, cnn 0.5)',
    )
    .optionsGroup('By whom:')
    .option(
      '--trainers <n>',
      'maximum number of trainers, 1 to 16; the task starts once they have joined (those of a devnet and of your node on it, else 3)',
    )
    .option('--min-trainers <n>', 'minimum number of trainers to start (1)')
    .option(
      '--validators <addresses>',
      'wallets of the validators, which compute references (on a devnet, its own validators)',
    )
    .option(
      '--min-validators <n>',
      'references that a round needs (a majority of the validators, at least 3; 1 for one or two validators)',
    )
    .option('--min-aggregators <n>', 'minimum number of candidates to aggregate to start (1)')
    .option('--allow <addresses|file>', 'wallets that may train or aggregate, up to 128 (any wallet)')
    .option('--min-reputation <n>', 'minimum reputation of trainers and aggregators (0)')
    .optionsGroup('For what:')
    .option('--budget <tokens>', 'amount to escrow: the most the task can pay, fees included', '100')
    .option('--token <address>', 'token that the task pays in (the token of the deployment file)')
    .option('--stake <tokens>', 'deposit of each member', '10')
    .option('--aggregator-fee <percent>', 'aggregator fee per round (3)')
    .option('--validator-fee <percent>', 'fee per round for all validators (2)')
    .option('--vesting-rounds <n>', 'number of rounds over which a reward is released, 0 to 16 (2)')
    .option('--stagnation <percent>', 'part that is paid for a round that did not improve the model (50)')
    .option(
      '--min-share <percent>',
      'part of the equal share below which a trainer is not paid in a round (25)',
    )
    .option(
      '--slash-reporter <percent>',
      'part of slashed stake for the reporter (2); what is not burned stays in the task',
    )
    .option('--slash-burn <percent>', 'part of stake slashed by a verdict that is burned: 50 to 100 (98)')
    .optionsGroup(
      'Maximum durations; phases end when every member has acted; longer by default on a slow or busy devnet:',
    )
    .option('--join-seconds <n>', 'time for members to join (30)')
    .option('--commit-seconds <n>', 'time to train in a round (120)')
    .option('--reference-seconds <n>', 'time to open the references (30)')
    .option('--settle-seconds <n>', 'time for each candidate in turn to settle (100)')
    .addHelpText('after', EXAMPLES)
    .action(createAction);
}

async function createAction(flags: CreateFlags): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => stop.abort(new Interrupted()));
  const beat = new Heartbeat((text) => {
    if (!flags.json) write(process.stderr, `${colors.dim(text)}\n`);
  });
  beat.waitFor('reading the data and the model');
  const place = await publishingPlace(flags);
  const id = flags.id ?? randomUUID();
  const seed = flags.seed ?? String(seedOf(id));
  const trainers = flags.trainers ?? String(place.trainers);
  const request = await taskRequest({ ...flags, trainers, seed }, place);
  const access = await readAdmin(place.config.dataDir).catch((error) => {
    if (hasCode(error, 'E_ADMIN_NOT_RUNNING') && !flags.detach) return null;
    throw error;
  });
  if (!flags.json)
    write(
      process.stderr,
      `${summary(request, place, await ownerIn(place.config.dataDir), flags.model, Boolean(flags.devnet))}\n\n`,
    );
  const { home, samples, decimals } = place;
  const listener = listenerOf(flags, { running: access !== null, beat, signal: stop.signal });
  const outcome = access
    ? await publishByNode(
        { ...createAdminClient<EventJson>(access), access, home },
        request,
        { id, detach: flags.detach ?? false },
        listener,
      )
    : await publishByOwnNode(place.config, request, { id, samples, decimals }, listener);
  if (flags.json) writeJson(JSON.stringify(outcome));
  else print(...ending(outcome, place, request.params.rounds, access !== null));
  await finish(EXIT.ok);
}

/** Each task begins from a model of its own; the same id gives the same model, because it is the same publication. */
const seedOf = (id: string) => createHash('sha256').update(id).digest().readUInt32BE() >>> 1;

function listenerOf(
  { json, detach }: CreateFlags,
  { running, beat, signal }: { running: boolean; beat: Heartbeat; signal: AbortSignal },
): Listener {
  const say = (text: string) => {
    if (json) return;
    beat.told();
    write(process.stderr, `${text}\n`);
  };
  const leaving = running ? 'Ctrl-C ends this command, not the node' : 'after Ctrl-C the other members go on';
  return {
    signal,
    beat,
    published: (taskId) => say(`published as task ${taskId}${detach ? '' : `; ${leaving}`}`),
    event: (streamed) => {
      if (json) writeJson(JSON.stringify(streamed));
      else if (logMessageOf(streamed.event).level !== 'debug') say(eventLine(streamed));
    },
  };
}

/** Summary of the task before the user pays for it. */
function summary(
  { terms, params, model }: TaskRequest,
  { decimals, home }: PublishingPlace,
  owner: Address | null,
  modelName: string,
  devnet: boolean,
): string {
  const round =
    params.commitSeconds + params.referenceSeconds + params.settleSeconds * (params.minAggregators + 1);
  const tokens = (units: bigint) => exactAmount(units, decimals);
  const { kind, inputShape, classes, classNames } = terms.data;
  const samples =
    kind === 'tokens'
      ? `sequences of ${inputShape[0]} of its ${classes.toLocaleString('en')} tokens`
      : `${inputShape.join('x')} and ${counted(classes, 'class', 'classes')}`;
  return [
    colors.bold(terms.name),
    fields([
      ['from', home],
      ['model', `${model.length.toLocaleString('en')} bytes, for ${samples}`],
      ...(terms.adapter
        ? [
            ['adapters', `rank ${terms.adapter.rank}, of ${terms.adapter.targets.join(', ')}`] as [
              string,
              string,
            ],
          ]
        : []),
      ...(kind === 'tokens'
        ? []
        : [
            ['classes', classNames ? someOf(classNames) : `numbers from 0 to ${classes - 1}`] as [
              string,
              string,
            ],
          ]),
      ['rounds', `${params.rounds}, within ${duration(params.joinSeconds + params.rounds * round)}`],
      [
        'trainers',
        `${params.minTrainers} to ${params.maxTrainers}${terms.allow ? `, of ${terms.allow.length} allowed` : ''}`,
      ],
      [
        'validators',
        `${params.validators.map(short).join(', ')}; ${params.minValidators} of them for each round`,
      ],
      [
        'slashes',
        `${(10_000 - params.slashReporterBps - params.slashBurnBps) / 100} % back to this task, ` +
          `${params.slashReporterBps / 100} % to the reporter, ${params.slashBurnBps / 100} % burned`,
      ],
      [
        'budget',
        `${tokens(params.budget)} of token ${short(params.token)}, deposit ${tokens(params.stake)} a member`,
      ],
      ...(terms.privacy ? [['privacy', privacyText(terms.privacy)] as [string, string]] : []),
      ['fees', `aggregator ${params.aggregatorFeeBps / 100} %, validators ${params.validatorFeeBps / 100} %`],
    ]),
    ...strangersWarning(strangersRefuse(params, owner, modelName), devnet).map((line) => colors.yellow(line)),
  ].join('\n');
}

function ending(
  { taskId, outcome, accuracy, rounds, remaining, refunded }: Outcome,
  { samples, data, home, decimals }: PublishingPlace,
  planned: number,
  running: boolean,
): string[] {
  if (outcome === 'left') {
    return [
      running
        ? `task ${taskId} goes on; follow it with: chorus task watch ${taskId} --home ${shellWord(home)}`
        : `task ${taskId} goes on; follow it again with: chorus start --home ${shellWord(home)}`,
    ];
  }
  return [
    ...endLines({ taskId, round: rounds ?? 0, rounds: planned, home, remaining, decimals }),
    ...(accuracy === null || !samples
      ? []
      : [
          `on ${data === null ? samples.name : counted(samples.count, 'sample')} the model is right in ${(100 * accuracy).toFixed(1)} %`,
        ]),
    ...(refunded === null
      ? []
      : [`${formatUnits(refunded, decimals)} tokens were not paid, and were refunded`]),
  ];
}
