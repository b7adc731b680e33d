import { tokensSchema } from '@chorus/node';
import { ChorusError, counted } from '@chorus/protocol';
import { intro, spinner } from '@clack/prompts';
import { Command, Option } from 'commander';
import colors from 'yoctocolors';
import { shellWord } from '../environment/environment.ts';
import { type HomeOptions, homeOf, homeOptions } from '../environment/home.ts';
import { newPassword, passwordSource } from '../environment/password.ts';
import { askMissing } from '../init/ask.ts';
import { type InitResult, initNode, refuseExisting } from '../init/init.ts';
import { type InitAnswers, type NodeRole, STAKE_DAYS } from '../init/plan.ts';
import { integer } from '../options/numbers.ts';
import { fields, print, printJson } from '../output/table.ts';
import { amount, OWN_TOKEN_DECIMALS, short } from '../output/units.ts';
import { addresses } from '../task-request/request.ts';

interface InitFlags extends HomeOptions {
  network?: 'devnet' | 'custom';
  devnet?: string;
  rpc?: string;
  contract?: string;
  deployment?: string;
  bootstrap?: string[];
  roles?: string;
  data?: string;
  listen?: string[];
  importWallet?: string;
  stake?: string;
  stakeToken?: string;
  stakeOwners?: string;
  stakeDays?: string;
}

const several = (value: string, others: string[] = []) => [...others, value];

/** `chorus init`: creates a node's folder, with questions or by flags alone. */
export function initCommand(): Command {
  const command = new Command('init').description(
    'create a node: its folder with keys, wallet and configuration. Asks for what the flags do not give',
  );
  return homeOptions(command)
    .addOption(
      new Option('--network <kind>', 'the devnet of this machine, or another network').choices([
        'devnet',
        'custom',
      ]),
    )
    .option('--devnet <dir>', 'folder of the devnet, if not the default one')
    .option('--rpc <url>', 'JSON-RPC endpoint of the chain')
    .option('--deployment <file>', "the network's deployment file (JSON)")
    .option('--contract <address>', 'address of its task contract, if there is no deployment file')
    .option('--bootstrap <multiaddr>', 'a peer to connect to first; may be repeated', several)
    .option('--roles <list>', 'trainer, validator, aggregator; separated by commas (trainer)')
    .option('--data <path>', 'folder or shard file to train on; a devnet provides some')
    .option('--listen <multiaddr>', 'address to listen on; may be repeated', several)
    .option('--import-wallet <keystore>', 'take the wallet from this encrypted keystore')
    .option('--stake <tokens>', "most tokens it may lock in one stranger's task; all of them can be lost (0)")
    .option('--stake-token <address>', "token to stake (the network's own)")
    .option('--stake-owners <list>', 'stake only in tasks of these owners (any owner)')
    .option('--stake-days <n>', `most days that a task may lock the stake (${STAKE_DAYS})`)
    .addHelpText(
      'after',
      '\nAsks for the password of the wallet, or reads it from the file that CHORUS_PASSWORD_FILE names.\n' +
        'Without --stake the node joins no task that requires a deposit; on a devnet it may stake some of its token,\n' +
        'which is worth nothing.\n\nExamples:\n  $ chorus init\n' +
        '  $ CHORUS_PASSWORD_FILE=pw chorus init --rpc https://rpc.example --deployment net.json --roles trainer --data ./digits',
    )
    .action(initAction);
}

async function initAction(flags: InitFlags): Promise<void> {
  const home = homeOf(flags);
  refuseExisting(home);
  const given = givenBy(flags);
  const asks = process.stdin.isTTY && process.stderr.isTTY && !flags.json && !isComplete(given);
  if (asks) intro(`A new node in ${home}`, { output: process.stderr });
  const answers = asks ? await askMissing(given) : complete(given);
  const wait = spinner({ output: process.stderr, indicator: 'dots' });
  const result = await initNode({
    home,
    answers,
    ...(flags.importWallet ? { importWallet: flags.importWallet } : {}),
    password: {
      imported: passwordSource('Password of the imported keystore'),
      wallet: () => newPassword(),
    },
    onWork: (text) => (asks ? wait.start(text) : undefined),
  }).finally(() => (asks ? wait.stop('') : undefined));
  if (flags.json) printJson({ ...result, funded: result.funded.toString() });
  else describe(result, flags);
}

function givenBy(flags: InitFlags): Partial<InitAnswers> {
  const network = flags.network ?? (flags.rpc || flags.deployment || flags.contract ? 'custom' : undefined);
  return {
    ...(network ? { network } : {}),
    ...(flags.devnet ? { devnet: flags.devnet } : {}),
    ...(flags.rpc ? { rpc: flags.rpc } : {}),
    ...(flags.contract ? { contract: flags.contract } : {}),
    ...(flags.deployment ? { deployment: flags.deployment } : {}),
    ...(flags.roles ? { roles: parseRoles(flags.roles) } : {}),
    ...(flags.data ? { data: flags.data } : {}),
    bootstrap: flags.bootstrap ?? [],
    listen: flags.listen ?? [],
    ...stakeOf(flags),
  };
}

/** @throws ChorusError `E_USAGE` */
function stakeOf({ stake, stakeToken, stakeOwners, stakeDays }: InitFlags): Pick<InitAnswers, 'stake'> {
  if (stake === undefined) {
    if (stakeToken === undefined && stakeOwners === undefined && stakeDays === undefined) return {};
    throw new ChorusError('E_USAGE', '--stake-token, --stake-owners and --stake-days need --stake');
  }
  if (!tokensSchema.safeParse(stake).success) {
    throw new ChorusError('E_USAGE', '--stake takes an amount of whole tokens, such as 10 or 2.5', {
      facts: { given: stake.slice(0, 40) },
    });
  }
  const [token, ...more] = stakeToken === undefined ? [] : addresses(stakeToken);
  if (more.length > 0) throw new ChorusError('E_USAGE', '--stake-token takes one address');
  return {
    stake: {
      tokens: stake,
      ...(token === undefined ? {} : { token }),
      ...(stakeOwners === undefined ? {} : { owners: addresses(stakeOwners) }),
      ...(stakeDays === undefined ? {} : { days: integer('stakeDays', stakeDays, 1, 3_650) }),
    },
  };
}

/** With a network and roles given, no question is mandatory. */
const isComplete = ({ network, roles }: Partial<InitAnswers>) => network !== undefined && roles !== undefined;

function complete(given: Partial<InitAnswers>): InitAnswers {
  if (given.network === undefined) {
    throw new ChorusError('E_USAGE', 'no network is given, and there is no terminal to ask on', {
      hint: 'give --network devnet, or --rpc URL with --deployment FILE',
    });
  }
  return { roles: ['trainer'], bootstrap: [], listen: [], ...given, network: given.network };
}

function parseRoles(text: string): NodeRole[] {
  const roles = text.split(',').map((role) => role.trim());
  for (const role of roles) {
    if (role !== 'trainer' && role !== 'validator' && role !== 'aggregator') {
      throw new ChorusError('E_USAGE', '--roles takes trainer, validator and aggregator', {
        facts: { given: role.slice(0, 40) },
      });
    }
  }
  return [...new Set(roles)] as NodeRole[];
}

/** The stake limits that the owner has agreed to, in words. */
function stakeText({ stake, devnet }: InitResult): string {
  if (stake === null)
    return 'nothing: it joins no task that requires a deposit, until you raise training.maxStake';
  const { tokens, token, owners, days } = stake;
  const whose = owners === null ? "anybody's tasks" : `tasks of ${counted(owners.length, 'owner')}`;
  const worst = devnet ? "worth nothing: the token is the devnet's own" : 'at worst all of it is lost';
  return `${tokens} of token ${short(token)} in each of ${whose}, three times that in a day, for up to ${counted(days, 'day')}; ${worst}`;
}

function describe(result: InitResult, flags: InitFlags): void {
  const { home, identity, config, funded, data, stake } = result;
  const here = flags.home ? ` --home ${shellWord(flags.home)}` : '';
  const steps = [
    ...(funded === 0n
      ? [`send coins for gas, and tokens for stakes, to ${colors.bold(identity.address)}`]
      : []),
    ...(data === null ? [`register data to train on:   chorus data add${here} NAME PATH`] : []),
    ...(stake === null
      ? [
          `allow it to stake:           chorus config set${here} training.maxStake 10   (tokens in one task; all of it can be lost)`,
        ]
      : []),
    `check the set-up:            chorus doctor${here}`,
    `start:                       chorus start${here}`,
    `and in another terminal:     chorus status${here}`,
  ];
  print(
    fields([
      ['folder', home],
      ['node', identity.did],
      ['peer id', identity.peerId],
      ['wallet', identity.address],
      ['configuration', config],
      ...(data === null ? [] : ([['data', data]] as [string, string][])),
      ...(funded === 0n
        ? []
        : ([['given by the devnet', `${amount(funded.toString(), OWN_TOKEN_DECIMALS)} tokens`]] as [
            string,
            string,
          ][])),
      ['may stake', stakeText(result)],
    ]),
    '',
    colors.bold('Next'),
    ...steps.map((step) => `  ${step}`),
    '',
    colors.dim('Keep a backup: chorus export. Without the password the wallet is lost.'),
  );
}
