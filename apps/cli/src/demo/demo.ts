import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentSrs, log2SizeFor } from '@chorus/commitment';
import { ChorusError } from '@chorus/protocol';
import type { NodeEvent } from '@chorus/service-training';
import { makeFolder } from '@chorus/utils';
import { machineFactor } from '../environment/machine.ts';
import { runAgents } from './agents.ts';
import { injectFaults } from './chaos.ts';
import { prepareData } from './data.ts';
import { RoundFollower, waitUntil } from './follow.ts';
import { keepNetwork } from './keep.ts';
import { ledgerOf, recordSlashes, type Slash } from './ledger.ts';
import { demoModel } from './model.ts';
import { startDemoChain, startDemoNodes } from './network.ts';
import { type DemoOptions, trainerCount, validatorCount } from './options.ts';
import { type DemoPage, pageOf } from './page.ts';
import type { NodeProcess } from './processes.ts';
import type { DemoReport, RoundResult } from './report.ts';
import { RoundLog } from './round-log.ts';
import { demoTask, dimensionOf } from './task.ts';
import { prepareTexts } from './texts.ts';

/** Progress that the demo reports while it runs. */
export type DemoProgress =
  | { type: 'step'; text: string }
  | { type: 'process'; process: NodeProcess }
  | { type: 'round'; result: RoundResult }
  | { type: 'slash'; slash: Slash }
  | { type: 'killed'; name: string; why: string }
  | { type: 'node'; name: string; event: NodeEvent };

/** What is done while all nodes of the finished demo still run; `page` is where one of them shows it. */
export type DemoVisit = (report: DemoReport, page: DemoPage | null) => Promise<void>;

/** Time after the last round for every node to compute the final model and collect its reward, on a quiet machine. */
const FINISH_MILLISECONDS = 15_000;

/**
 * Run the whole network on this machine: a chain, a process for each node, a requester with a task, and its
 * rounds. Whatever happens, every process is ended and the temporary folder removed before this settles.
 *
 * @throws ChorusError, or `signal.reason` when interrupted
 */
export async function runDemo(
  options: DemoOptions,
  onProgress: (progress: DemoProgress) => void,
  signal: AbortSignal,
  visit?: DemoVisit,
): Promise<DemoReport> {
  const folder = options.folder
    ? await emptyFolder(options.folder)
    : await mkdtemp(join(tmpdir(), 'chorus-demo-'));
  const cleanups: (() => Promise<unknown>)[] = [];
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  interrupted.catch(() => {});
  // A process that starts after an interruption is ended at once.
  let over = false;
  const defer = (cleanup: () => Promise<unknown>) => {
    if (over) cleanup().catch(() => {});
    else cleanups.push(cleanup);
  };
  try {
    return await Promise.race([runNetwork(options, folder, defer, onProgress, signal, visit), interrupted]);
  } finally {
    over = true;
    // The nodes end before the chain they use; processes of a kind end together.
    await Promise.allSettled(cleanups.splice(1).map((cleanup) => cleanup()));
    await Promise.allSettled(cleanups.map((cleanup) => cleanup()));
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  }
}

async function runNetwork(
  options: DemoOptions,
  folder: string,
  defer: (cleanup: () => Promise<unknown>) => void,
  onProgress: (progress: DemoProgress) => void,
  signal: AbortSignal,
  visit: DemoVisit | undefined,
): Promise<DemoReport> {
  const started = performance.now();
  const step = (text: string) => onProgress({ type: 'step', text });
  const log = new RoundLog();
  const finished = new Map<string, boolean>();
  let follower: RoundFollower | null = null;
  let modelCid: string | null = null;

  step('starting the chain, splitting the data');
  const factor = machineFactor();
  const committee = { trainers: trainerCount(options), validators: validatorCount(options) };
  const [chain, data] = await Promise.all([
    startDemoChain(options, folder, defer),
    (options.llm ? prepareTexts : prepareData)(options, committee, folder),
  ]);
  const model = await demoModel(options, data.test);

  step(`starting ${options.nodes} nodes`);
  const [network, dimension] = await Promise.all([
    startDemoNodes({
      options,
      folder,
      ...chain,
      data,
      defer,
      onProcess: (process) => onProgress({ type: 'process', process }),
      onEvent: (name, event) => {
        log.record(name, event);
        if (event.type === 'task-ended') {
          finished.set(name, event.opensCommitment);
          modelCid ??= event.modelCid;
        }
        if (name === 'requester') follower?.onRequesterEvent(network.requester, event);
        onProgress({ type: 'node', name, event });
      },
    }),
    dimensionOf(model).then(async (d) => {
      // This runs once here instead of in every node at the same time; the result stays in the cache.
      await developmentSrs(log2SizeFor(d), { signal });
      return d;
    }),
  ]);

  step('publishing the task');
  const taskId = await network.requester.services.training.publish(
    demoTask({
      options,
      model,
      dimension,
      data: data.test.name,
      token: chain.deployment.token,
      trainers: committee.trainers,
      validators: network.nodes.filter((n) => n.roles.includes('validator')).map((n) => n.address),
      factor,
    }),
  );
  const initial = network.requester.services.training.evaluate(taskId, data.test);
  initial.catch(() => {});
  follower = new RoundFollower(network, taskId, data.test, log);
  const slashes: Slash[] = [];
  const watching = Promise.all([
    recordSlashes(
      network,
      taskId,
      (slash) => {
        slashes.push(slash);
        onProgress({ type: 'slash', slash });
      },
      signal,
    ),
    options.chaos ? injectFaults(network, taskId, onProgress, signal) : null,
  ]);
  watching.catch(() => {});

  const results: RoundResult[] = [];
  for await (const result of follower.rounds(signal)) {
    results.push(result);
    onProgress({ type: 'round', result });
  }

  if (results.length === 0) {
    throw new ChorusError('E_DEMO_ROUNDS', 'no round of the demo was settled', {
      hint: 'run it again with --json to see what each node did; the data must have samples for every node',
    });
  }

  step('collecting rewards, checking the final model');
  const living = () => ['requester', ...network.nodes.filter((n) => n.process.alive).map((n) => n.name)];
  await waitUntil(() => living().every((name) => finished.has(name)), factor * FINISH_MILLISECONDS);
  await watching;
  const { chain: port } = network.requester.ports;
  const task = await port.task(taskId);
  const withAgents = options.agents
    ? await runAgents({
        network,
        folder,
        taskId,
        test: data.test,
        isLanguage: options.llm !== null,
        step,
        signal,
      })
    : null;
  const before = await initial;
  const settled = await Promise.all(results.map((r) => port.settledRound(taskId, r.round)));
  if (options.keep) await keepNetwork({ folder, network, taskId, modelCid });
  const report: DemoReport = {
    task: {
      id: taskId.toString(),
      chainId: chain.devnet.chainId,
      contract: chain.deployment.taskManager,
      token: chain.deployment.token,
    },
    model: { name: model.name, dimension },
    data: {
      source: data.source,
      isText: options.llm !== null,
      test: before.count,
      split: describeSplit(options),
    },
    initial: { accuracy: before.accuracy, loss: before.loss },
    finalAccuracy: results.at(-1)!.accuracy,
    rounds: results,
    ledger: await ledgerOf(
      port,
      task,
      settled.filter((s) => s !== null),
      slashes,
    ),
    slashes,
    modelOpensCommitment: await network.requester.services.training.opensCommitment(taskId),
    modelCid,
    attackersShare: attackersShare(results),
    agents: withAgents?.agents ?? null,
    agentCall: withAgents?.answer ?? null,
    agentLedger: withAgents?.ledger ?? null,
    royalties: withAgents?.royalties ?? null,
    seconds: Math.round(performance.now() - started) / 1000,
    folder: options.keep ? folder : null,
  };
  await visit?.(report, await pageOf(network, folder));
  return report;
}

/** An absent or empty folder to keep the network in. */
async function emptyFolder(path: string): Promise<string> {
  await makeFolder(path, 0o700);
  if ((await readdir(path)).length === 0) return path;
  throw new ChorusError('E_USAGE', '--keep needs an empty folder', { facts: { folder: path } });
}

function attackersShare(rounds: RoundResult[]): number {
  let all = 0n;
  let attackers = 0n;
  for (const trainer of rounds.flatMap((r) => r.trainers)) {
    all += BigInt(trainer.reward);
    if (trainer.attack !== null) attackers += BigInt(trainer.reward);
  }
  return all === 0n ? 0 : Number((attackers * 1_000_000n) / all) / 1_000_000;
}

function describeSplit({ llm, split }: DemoOptions): string {
  if (llm) return 'a part for each node';
  if (split.kind === 'iid') return 'iid';
  return split.kind === 'dirichlet' ? `dirichlet:${split.alpha}` : `shards:${split.perNode}`;
}
