import { tokensSchema } from '@chorus/node';
import { confirm, isCancel, multiselect, note, select, text } from '@clack/prompts';
import { readDeployment } from '../chain/deployment.ts';
import { findDevnet } from '../devnet/descriptor.ts';
import { Interrupted } from '../environment/exit.ts';
import { type InitAnswers, type NodeRole, STAKE_DAYS, type StakeConsent } from './plan.ts';

/** Questions and answers go to standard error; standard output is for results. */
const output = process.stderr;

/** @throws Interrupted where a person pressed Ctrl-C instead */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Interrupted();
  return answer as Exclude<T, symbol>;
}

const isTokens = (value: string) => tokensSchema.safeParse(value).success;

const filled = (what: string) => (value: string | undefined) => (value?.trim() ? undefined : `Give ${what}.`);

/** Ask for everything the flags left open. */
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
            message: 'Peers to begin with, separated by spaces (empty: those of the deployment file)',
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
        { value: 'trainer', label: 'train', hint: 'on data of yours, which never leaves this machine' },
        { value: 'aggregator', label: 'aggregate and prove rounds', hint: 'about 1.5 GiB of memory' },
        { value: 'validator', label: 'validate', hint: 'where a requester appoints you' },
      ],
    }),
  );
}

async function askData(): Promise<string | undefined> {
  const now = answered(
    await confirm({ message: 'Do you have the data at hand?', output, initialValue: true }),
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

/** Nothing is staked that was not agreed to in words: how much, to whom, for how long, and what can become of it. */
async function askStake({ deployment }: Partial<InitAnswers>): Promise<StakeConsent> {
  const known = deployment === undefined ? null : await readDeployment(deployment).catch(() => null);
  note(
    [
      'Most tasks want a deposit of each member: it joins them by itself, and the deposit is locked until they have ended',
      `(here: for at most ${STAKE_DAYS} days). Part of it is burned where this node is late or absent, and a majority of`,
      "the task's validators, whom a stranger appoints, can take all of it. Worst case: all of it is lost.",
      'Tasks of anybody are joined that have 3 validators other than their owner; up to three deposits in a day.',
      'chorus config set maxStake changes it later, limits.stake.owners says whose tasks.',
    ].join('\n'),
    'What may this node put at risk?',
    { output },
  );
  const tokens = answered(
    await text({
      message: 'Most tokens to lock in one task (0: none, and it joins no task that wants a deposit)',
      initialValue: '0',
      output,
      validate: (value) =>
        isTokens(value ?? '') ? undefined : 'Give an amount of tokens, such as 10 or 2.5.',
    }),
  );
  if (Number(tokens) === 0 || (known?.token ?? null) !== null) return { tokens };
  const token = answered(
    await text({
      message: 'Of which token? Its address',
      output,
      validate: (value) => (/^0x[0-9a-fA-F]{40}$/.test(value ?? '') ? undefined : 'Give an address.'),
    }),
  );
  return { tokens, token };
}
