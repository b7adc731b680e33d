import { join } from 'node:path';
import { readTokenDecimals } from '@chorus/chain';
import { CONFIG_FILE } from '@chorus/node';
import { type Address, ChorusError, hasCode, MAX_TRAINERS, sameAddress } from '@chorus/protocol';
import { fitDataset, type NodeConfig, openData } from '@chorus/service-training';
import type { ClassOptions, Dataset } from '@chorus/training';
import { DEPLOYMENT_FILE, readDeployment } from '../chain/deployment.ts';
import { devnetFolder, findDevnet, readDevnet } from '../devnet/descriptor.ts';
import { homeIn, REQUESTER } from '../devnet/layout.ts';
import { configOf, type HomeOptions, homeOf, runningPid } from '../environment/home.ts';
import { machineFactor } from '../environment/machine.ts';
import { loadConfig } from '../environment/node-config.ts';
import { statedClasses } from '../options/data.ts';
import { isGgufFile } from '../task-request/language-model.ts';
import { addresses, shape, type TaskPlace } from '../task-request/request.ts';
import { windowedFor } from './text-window.ts';

/** The node that publishes a task, and the facts the task depends on. */
export interface PlaceFlags extends HomeOptions {
  devnet?: string | boolean;
  data?: string;
  /** An ONNX file, which decides the length of the windows of texts, or the name of a model. */
  model: string;
  inputShape?: string;
  classes?: string;
  token?: string;
  validators?: string;
}

export interface PublishingPlace extends TaskPlace {
  /** Configuration of the node in whose name the task is published. */
  config: NodeConfig;
  home: string;
  /** Samples for testing the result; null if only their shape is known. */
  samples: Dataset | null;
  /** Default number of trainers that a task starts with: those that are available to join. */
  trainers: number;
}

/** Default number of trainers on a network whose nodes are unknown. */
const USUAL_TRAINERS = 3;

/**
 * The publishing node, its token, the validators and the kind of samples.
 * @throws ChorusError `E_USAGE` naming what is missing, `E_DEVNET_*`, `E_DATA_*`, `E_CONFIG*`, `E_CHAIN_*`
 */
export async function publishingPlace(flags: PlaceFlags): Promise<PublishingPlace> {
  const { data, ...found } = flags.devnet ? await onDevnet(flags) : await onNetwork(flags);
  const { config } = found;
  const decimals = await readTokenDecimals(config.chain.url, found.token);
  const classes = flags.classes === undefined ? null : await statedClasses(flags.classes);
  // A language model says itself what its samples are; texts to test it on are given by --data.
  if (await isGgufFile(flags.model)) {
    const samples = flags.data === undefined ? null : await openSamples(config, data, null);
    return { ...found, decimals, samples, data: null };
  }
  const opened = flags.inputShape === undefined ? await openSamples(config, data, classes) : null;
  const samples = opened && (await windowedFor(flags.model, opened));
  return { ...found, decimals, samples, data: samples ?? described(flags, classes) };
}

type Found = Pick<PublishingPlace, 'config' | 'home' | 'token' | 'validators' | 'pace' | 'trainers'> & {
  data: string | undefined;
};

/** The devnet's own requester, in a folder of its own. */
async function onDevnet({ devnet: dir, data, ...flags }: PlaceFlags): Promise<Found> {
  const folder = typeof dir === 'string' ? dir : undefined;
  const devnet = await readDevnet(folder);
  const home = homeIn(devnetFolder(folder), REQUESTER);
  const { config } = await loadConfig(join(home, CONFIG_FILE), { env: {} });
  return {
    config,
    home,
    token: tokenOf(flags) ?? devnet.deployment.token,
    validators: validatorsOf(flags) ?? validatorsIn(devnet),
    data: data ?? devnet.sampleData,
    pace: machineFactor(),
    trainers: await trainersOn(devnet, flags),
  };
}

/** The node of this user: the task is published in its name. */
async function onNetwork(flags: PlaceFlags): Promise<Found> {
  const { config } = await configOf(flags);
  const home = homeOf(flags);
  const known = await readDeployment(join(home, DEPLOYMENT_FILE)).catch(() => null);
  const token = tokenOf(flags) ?? known?.token;
  if (!token) {
    throw new ChorusError('E_USAGE', 'no token is named for the task to pay in', {
      hint: 'give --token ADDRESS: the deployment file of this node names none',
    });
  }
  const devnet = await devnetOf(config);
  const validators = validatorsOf(flags) ?? (devnet ? validatorsIn(devnet) : []);
  if (validators.length === 0) {
    throw new ChorusError('E_USAGE', 'a task needs validators: their reference update decides who is paid', {
      hint: 'give their wallets with --validators',
    });
  }
  const pace = devnet ? machineFactor() : 1;
  const trainers = devnet ? await trainersOn(devnet, flags) : USUAL_TRAINERS;
  return { config, home, token, validators, data: flags.data ?? config.training.data, pace, trainers };
}

type Devnet = Awaited<ReturnType<typeof readDevnet>>;

/** This machine's devnet, if the node is on it: its validators need not be looked up. */
async function devnetOf(config: NodeConfig): Promise<Devnet | null> {
  const devnet = await findDevnet().catch(() => null);
  const same = devnet && sameAddress(devnet.deployment.taskManager, config.chain.contract);
  return same && devnet.rpc === config.chain.url ? devnet : null;
}

/** Available trainers: the devnet's own, and this user's node if it runs there as a trainer. */
async function trainersOn(devnet: Devnet, flags: HomeOptions): Promise<number> {
  const own = devnet.nodes.filter(({ roles }) => roles.includes('trainer')).length;
  // Includes a node that is still starting.
  const running = (await runningPid(flags)) !== null;
  const config = running
    ? await configOf(flags).then(
        (loaded) => loaded.config,
        () => null,
      )
    : null;
  const joins =
    config?.training.roles.includes('trainer') &&
    sameAddress(config.chain.contract, devnet.deployment.taskManager);
  return Math.min(MAX_TRAINERS, Math.max(1, own) + (joins ? 1 : 0));
}

function validatorsIn({ nodes }: Devnet): Address[] {
  return nodes.filter(({ roles }) => roles.includes('validator')).map(({ address }) => address);
}

const validatorsOf = ({ validators }: PlaceFlags) =>
  validators === undefined ? null : addresses(validators);

function tokenOf({ token }: PlaceFlags): Address | null {
  const [address, ...more] = token === undefined ? [] : addresses(token);
  if (more.length > 0) throw new ChorusError('E_USAGE', '--token takes one address');
  return address ?? null;
}

/** Samples, labelled as the stated classes are numbered. */
async function openSamples(
  config: NodeConfig,
  data: string | undefined,
  classes: ClassOptions | null,
): Promise<Dataset> {
  try {
    const samples = await openData(config.dataDir, data, classes ?? {}, {
      quotaBytes: config.limits.disk,
    });
    if (!classes) return samples;
    const count = classes.classNames?.length ?? classes.classes!;
    const { inputShape } = samples;
    const classNames = classes.classNames && [...classes.classNames];
    return fitDataset(
      { data: { kind: 'classification', inputShape, classes: count, ...(classNames ? { classNames } : {}) } },
      samples,
    );
  } catch (error) {
    if (!hasCode(error, 'E_DATA_MISSING')) throw error;
    throw new ChorusError('E_USAGE', 'the shape of the samples is not known', {
      hint: 'give --data NAME or --data PATH, or --input-shape 1x28x28 and --classes 10',
    });
  }
}

function described({ inputShape }: PlaceFlags, classes: ClassOptions | null): TaskPlace['data'] {
  if (inputShape === undefined || classes === null) {
    throw new ChorusError('E_USAGE', '--input-shape and --classes go together', {
      hint: 'add --classes FILE or --classes N',
    });
  }
  const { classNames } = classes;
  return {
    name: `${inputShape} samples`,
    inputShape: shape(inputShape),
    classes: classNames?.length ?? classes.classes!,
    ...(classNames ? { classNames: [...classNames] } : {}),
  };
}
