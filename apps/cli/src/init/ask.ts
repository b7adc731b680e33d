import { confirm, isCancel, multiselect, select, text } from '@clack/prompts';
import { findDevnet } from '../devnet/descriptor.ts';
import { Interrupted } from '../exit.ts';
import type { InitAnswers, NodeRole } from './plan.ts';

/** Questions and answers go to standard error; standard output is for results. */
const output = process.stderr;

/** @throws Interrupted where a person pressed Ctrl-C instead */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Interrupted();
  return answer as Exclude<T, symbol>;
}

const filled = (what: string) => (value: string | undefined) => (value?.trim() ? undefined : `Give ${what}.`);

/** Ask for everything the flags left open. */
export async function askMissing(given: Partial<InitAnswers>): Promise<InitAnswers> {
  const network = given.network ?? (await askNetwork(given));
  const place = network === 'devnet' ? {} : await askPlace(given);
  const roles = given.roles ?? (await askRoles());
  const needsData = roles.some((role) => role !== 'aggregator') && network !== 'devnet';
  const data = given.data ?? (needsData ? await askData() : undefined);
  return {
    bootstrap: [],
    listen: [],
    ...given,
    ...place,
    network,
    roles,
    ...(data === undefined ? {} : { data }),
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
