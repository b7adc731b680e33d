import { tokensSchema } from '@chorus/node';
import { confirm, isCancel, multiselect, note, select, text } from '@clack/prompts';
import { readDeployment } from '../chain/deployment.ts';
import { findDevnet } from '../devnet/descriptor.ts';
import { Interrupted } from '../environment/exit.ts';
import { type InitAnswers, type NodeRole, STAKE_DAYS, type StakeConsent } from './plan.ts';

/** Questions and answers go to standard error; standard output is for results. */
const output = process.stderr;

/** @throws Interrupted if the user pressed Ctrl-C instead */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Interrupted();
  return answer as Exclude<T, symbol>;
}

const isTokens = (value: string) => tokensSchema.safeParse(value).success;

const filled = (what: string) => (value: string | undefined) => (value?.trim() ? undefined : `Give ${what}.`);

/** Ask for everything that the flags did not give. */
export async function askMissing(given: Partial<InitAnswers>): Promise<InitAnswers> {
  const network = given.network ?? (await askNetwork(given));
  const place = network === 'devnet' ? {} : await askPlace(given);
  const roles = given.roles ?? (await askRoles());
  const needsData = roles.some((role) => role !== 'aggregator') && network !== 'devnet';
  const data = given.data ?? (needsData ? await askData() : undefined);
  const stake = given.stake ?? (network === 'devnet' ? undefined : await askStake({ ...given, ...place }));
  return {
    bootstrap: [],
    listen: [],
    ...given,
    ...place,
    network,
    roles,
    ...(data === undefined ? {} : { data }),
    ...(stake === undefined ? {} : { stake }),
  };
}

async function askNetwork(given: Partial<InitAnswers>): Promise<InitAnswers['network']> {
  if (given.rpc !== undefined || given.deployment !== undefined) return 'custom';
  const devnet = await findDevnet(given.devnet);
  return answered(
    await select({
      message: 'Which network?',
      output,
      initialValue: devnet?.pid ? ('devnet' as const) : ('custom' as const),
      options: [
        {
          value: 'devnet' as const,
          label: 'the devnet on this machine',
          hint: devnet?.pid ? 'running' : 'not running: chorus devnet up',
        },
        { value: 'custom' as const, label: 'another: I have its RPC address and deployment file' },
      ],
    }),
  );
}

async function askPlace(given: Partial<InitAnswers>): Promise<Partial<InitAnswers>> {
  const rpc =
    given.rpc ??
    answered(
      await text({
        message: 'JSON-RPC address of the chain',
        placeholder: 'https://...',
        output,
        validate: (value) => (URL.canParse(value ?? '') ? undefined : 'Give a URL.'),
      }),
    );
  const deployment =
    given.deployment ??
    (given.contract === undefined
      ? answered(
          await text({ message: 'Deployment file of the contracts', output, validate: filled('a path') }),
        )
      : undefined);
  const bootstrap =
    given.bootstrap && given.bootstrap.length > 0
      ? given.bootstrap
      : answered(
          await text({
            message: 'First peers, separated by spaces (empty: those of the deployment file)',
            placeholder: '/ip4/.../tcp/4011/p2p/12D3KooW...',
            output,
          }),
        )
          .split(/\s+/)
          .filter(Boolean);
  return { rpc, bootstrap, ...(deployment === undefined ? {} : { deployment }) };
}

async function askRoles(): Promise<NodeRole[]> {
  return answered(
    await multiselect<NodeRole>({
      message: 'What shall this node do?',
      output,
      initialValues: ['trainer'],
      options: [
        { value: 'trainer', label: 'train', hint: 'on your data, which never leaves this machine' },
        { value: 'aggregator', label: 'aggregate and prove rounds', hint: 'about 1.5 GiB of memory' },
        { value: 'validator', label: 'validate', hint: 'if a requester appoints you' },
      ],
    }),
  );
}

async function askData(): Promise<string | undefined> {
  const now = answered(
    await confirm({ message: 'Is your data on this machine?', output, initialValue: true }),
  );
  if (!now) return undefined;
  return answered(
    await text({
      message: 'Folder of data (IDX, CSV, images by class) or shard file',
      output,
      validate: filled('a path'),
    }),
  );
}

/**
 * The node stakes nothing unless the user agrees to the terms in words: how much, to whom, for how long, and what
 * can be lost.
 */
async function askStake({ deployment }: Partial<InitAnswers>): Promise<StakeConsent> {
  const known = deployment === undefined ? null : await readDeployment(deployment).catch(() => null);
  note(
    [
      'Most tasks require a deposit from each member: the node joins them by itself, and the deposit is locked until they end',
      `(here: for at most ${STAKE_DAYS} days). Part of it is burned if this node is late or absent, and a majority of`,
      "the task's validators, whom a stranger appoints, can take all of it. Worst case: all of it is lost.",
      'The node joins tasks of any owner that have 3 validators other than their owner; up to three deposits in a day.',
      'chorus config set training.maxStake changes it later, training.stake.owners says whose tasks.',
    ].join('\n'),
    'What may this node put at risk?',
    { output },
  );
  const tokens = answered(
    await text({
      message:
        'Most tokens to lock in one task (0: none, and the node joins no task that requires a deposit)',
      initialValue: '0',
      output,
      validate: (value) =>
        isTokens(value ?? '') ? undefined : 'Give an amount of tokens, such as 10 or 2.5.',
    }),
  );
  if (Number(tokens) === 0 || (known?.token ?? null) !== null) return { tokens };
  const token = answered(
    await text({
      message: 'Address of the token to stake',
      output,
      validate: (value) => (/^0x[0-9a-fA-F]{40}$/.test(value ?? '') ? undefined : 'Give an address.'),
    }),
  );
  return { tokens, token };
}
