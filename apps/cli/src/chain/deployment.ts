import { readFile } from 'node:fs/promises';
import { ADDRESS_PATTERN, type Address, ChorusError, type Hex, reasonOf } from '@chorus/protocol';
import { z } from 'zod';

/** A copy of the deployment file, within a node's folder. */
export const DEPLOYMENT_FILE = 'deployment.json';

const MAX_DEPLOYMENT_BYTES = 1024 * 1024;

const address = z
  .string()
  .regex(ADDRESS_PATTERN, 'must be an address')
  .transform((text) => text.toLowerCase() as Address);
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex);

const block = z.number().int().nonnegative().default(0);

/** Endpoint and first peers, as named by the operator of the network. */
const place = { rpc: z.url().optional(), bootstrap: z.array(z.string().max(300)).max(64).optional() };

/** A file with addresses only. */
const plainSchema = z.looseObject({
  chainId: z.number().int().positive(),
  taskManager: address,
  token: address.optional(),
  startBlock: block,
  ...place,
});

/** The file that `deployChorus` writes: each contract with the hash of its code. */
const fullSchema = z.looseObject({
  format: z.literal('chorus-deployment'),
  chainId: z.number().int().positive(),
  startBlock: block,
  contracts: z.record(z.string().max(64), z.looseObject({ address, codeHash: hash.nullable() })),
  ...place,
});

/** A deployment of the contracts, as a node needs to know it. */
export interface DeploymentFile {
  chainId: number;
  taskManager: Address;
  token: Address | null;
  /** First block of the deployment; 0 if the file does not state it. */
  startBlock: number;
  /** keccak256 of the code at each address, if the file states it. */
  codes: { name: string; address: Address; codeHash: Hex }[];
  rpc: string | null;
  bootstrap: string[];
  /** The content of the file, unchanged. */
  text: string;
}

/** @throws ChorusError `E_CONFIG_DEPLOYMENT` */
export async function readDeployment(path: string): Promise<DeploymentFile> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > MAX_DEPLOYMENT_BYTES) throw new Error('it is too long');
    return parseDeployment(text);
  } catch (cause) {
    throw new ChorusError('E_CONFIG_DEPLOYMENT', `this is not a deployment file: ${reasonOf(cause)}`, {
      facts: { path },
      hint: 'give the JSON file that the operator of the network published',
      cause,
    });
  }
}

/** @throws ZodError, SyntaxError */
export function parseDeployment(text: string): DeploymentFile {
  const value = JSON.parse(text);
  if (value?.format === undefined) {
    const { token = null, rpc = null, bootstrap = [], ...rest } = plainSchema.parse(value);
    const { chainId, taskManager, startBlock } = rest;
    return { chainId, taskManager, token, startBlock, codes: [], rpc, bootstrap, text };
  }
  const { chainId, contracts, startBlock, rpc = null, bootstrap = [] } = fullSchema.parse(value);
  const { taskManager, token } = contracts;
  if (!taskManager) throw new Error('it names no task contract');
  const codes = Object.entries(contracts).flatMap(([name, { address: at, codeHash }]) =>
    codeHash === null ? [] : [{ name, address: at, codeHash }],
  );
  return {
    chainId,
    taskManager: taskManager.address,
    token: token?.address ?? null,
    startBlock,
    codes,
    rpc,
    bootstrap,
    text,
  };
}
