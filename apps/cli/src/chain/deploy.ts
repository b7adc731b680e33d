import { rm } from 'node:fs/promises';
import {
  type Deployment,
  type DeploymentStep,
  type DeployOptions,
  deployChorus,
  devnetKeys,
  formatUnits,
  isDevChain,
  parseUnits,
  readChainId,
  sqliteTransactionStore,
} from '@chorus/chain';
import { developmentKey, importPtau } from '@chorus/commitment';
import { type Address, ChorusError, COIN_DECIMALS, type Hex, keepSecret } from '@chorus/protocol';
import { Interrupted } from '../environment/exit.ts';
import { readSecretFile } from '../environment/secret-file.ts';
import { createSpinner } from '../output/spinner.ts';
import { integer, print, printJson, table } from '../output/table.ts';

export interface DeployCommandOptions {
  rpc: string;
  deployment: string;
  keyFile?: string;
  ptau?: string;
  verifier?: string;
  projectionVerifier?: string;
  treasury?: string;
  supply?: string;
  salt?: string;
  maxFee?: string;
  json?: boolean;
}

/** Only the first powers are needed on chain; reading more of a ceremony's file takes longer. */
const LOG2_POWERS = 8;

/** `chorus chain deploy` */
export async function deployAction(options: DeployCommandOptions): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => abort.abort(new Interrupted()));
  }
  const spinner = createSpinner({ isSilent: options.json === true });
  const chainId = await readChainId(options.rpc);
  const privateKey = await keyOf(options, chainId);
  spinner.start('reading the reference string');
  const pending = `${options.deployment}.pending`;
  const transactions = sqliteTransactionStore(pending);
  const steps: DeploymentStep[] = [];
  try {
    const verifier = await verifierOf(options, chainId, abort.signal);
    const deployment = await deployChorus({
      url: options.rpc,
      privateKey,
      verifier,
      file: options.deployment,
      transactions,
      signal: abort.signal,
      ...amounts(options),
      onStep: (step) => {
        steps.push(step);
        spinner.text = `${step.name} is in place`;
      },
    });
    transactions.close();
    // All requests are answered; the connection is no longer needed.
    for (const end of ['', '-wal', '-shm']) await rm(`${pending}${end}`, { force: true });
    spinner.stop();
    if (options.json) printJson({ deployment, steps });
    else print(deployView(options.deployment, deployment, steps));
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    throw error;
  } finally {
    spinner.stop();
    transactions.close();
  }
}

async function keyOf(options: DeployCommandOptions, chainId: number): Promise<Hex> {
  const { CHORUS_PRIVATE_KEY } = process.env;
  // Workers and child processes inherit the environment.
  delete process.env.CHORUS_PRIVATE_KEY;
  const text = options.keyFile
    ? await readSecretFile(options.keyFile).then(
        (key) => key.trim(),
        () => '',
      )
    : CHORUS_PRIVATE_KEY;
  if (text === undefined && isDevChain(chainId)) return devnetKeys(1)[0]!;
  if (text === undefined || !/^0x[0-9a-fA-F]{64}$/.test(text)) {
    throw new ChorusError('E_USAGE', 'the key of the account that pays is missing or malformed', {
      hint: 'write it as 0x and 64 hexadecimal digits into a file (--key-file) or CHORUS_PRIVATE_KEY',
    });
  }
  keepSecret(text);
  return text as Hex;
}

async function verifierOf(
  options: DeployCommandOptions,
  chainId: number,
  signal: AbortSignal,
): Promise<DeployOptions['verifier']> {
  const { verifier, projectionVerifier } = options;
  if (verifier !== undefined && projectionVerifier !== undefined) {
    return {
      'reference-trust': address('--verifier', verifier),
      'reference-projection': address('--projection-verifier', projectionVerifier),
    };
  }
  if (verifier !== undefined || projectionVerifier !== undefined) {
    throw new ChorusError('E_USAGE', 'only one of the two verifiers is given', {
      hint: 'give both, --verifier and --projection-verifier, or neither',
    });
  }
  if (options.ptau !== undefined) return importPtau(options.ptau, LOG2_POWERS, { signal });
  if (isDevChain(chainId)) return developmentKey();
  throw new ChorusError(
    'E_USAGE',
    'a real chain needs a reference string under which no one can forge proofs',
    {
      hint: 'give the .ptau file of a public ceremony (--ptau) or deployed verifiers (--verifier and --projection-verifier)',
    },
  );
}

function amounts(options: DeployCommandOptions): Partial<DeployOptions> {
  const { supply, salt, maxFee, treasury } = options;
  if (salt !== undefined && !/^0x[0-9a-fA-F]{64}$/.test(salt))
    throw usage('--salt', 'is not 32 bytes of hex');
  return {
    ...(supply === undefined ? {} : { supply: units('--supply', supply, 18) }),
    ...(salt === undefined ? {} : { salt: salt as Hex }),
    ...(maxFee === undefined ? {} : { fees: { maxFeePerGas: units('--max-fee', maxFee, 9) } }),
    ...(treasury === undefined ? {} : { treasury: address('--treasury', treasury) }),
  };
}

function address(option: string, text: string): Address {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw usage(option, 'is not an address');
  return text.toLowerCase() as Address;
}

function units(option: string, text: string, decimals: number): bigint {
  if (!/^\d+(\.\d+)?$/.test(text)) throw usage(option, 'is not a number');
  return parseUnits(text, decimals);
}

function usage(option: string, what: string): ChorusError {
  return new ChorusError('E_USAGE', `${option} ${what}`, { hint: 'see chorus chain deploy --help' });
}

function deployView(file: string, { chainId }: Deployment, steps: readonly DeploymentStep[]): string {
  const sent = steps.flatMap(({ transaction }) => (transaction ? [transaction] : []));
  const gas = sent.reduce((sum, { gasUsed }) => sum + gasUsed, 0);
  const cost = sent.reduce((sum, transaction) => sum + BigInt(transaction.cost), 0n);
  const rows = steps.map(({ name, address, transaction }) => [
    name,
    address ?? '',
    transaction ? integer(transaction.gasUsed) : 'in place',
    transaction ? coins(BigInt(transaction.cost)) : '',
  ]);
  rows.push(['in all', '', integer(gas), coins(cost)]);
  return `${table(['step', 'address', 'gas', 'cost'], rows, { right: [2, 3] })}

deployed on chain ${chainId} and verified; written to ${file}`;
}

/** An amount of the chain's own coin, to nine decimals. */
function coins(wei: bigint): string {
  return Number(formatUnits(wei, COIN_DECIMALS)).toFixed(9);
}
