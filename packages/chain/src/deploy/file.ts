import { readFile } from 'node:fs/promises';
import { type Address, type Hex, reasonOf } from '@chorus/protocol';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { ChainError } from '../errors/errors.ts';

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>;
const hash = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hex>;
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>;
const count = z.number().int().min(0);

/** A transaction of the deployment; null if the contract existed already. */
const transaction = z
  .strictObject({
    hash,
    block: count,
    gasUsed: count,
    /** Total cost in wei. */
    cost: z.string().regex(/^\d+$/),
  })
  .nullable();

const contract = z.strictObject({
  address,
  /** Name of its artifact; null for a contract deployed elsewhere. */
  artifact: z.string().max(64).nullable(),
  constructorArguments: hex,
  /** keccak256 of the creation code, arguments included: with the salt it gives the address. Null for a contract deployed
   * elsewhere, or made by the constructor of another one. */
  initCodeHash: hash.nullable(),
  /** keccak256 of the code on chain; null until it is deployed. */
  codeHash: hash.nullable(),
  transaction,
});

const schema = z.strictObject({
  format: z.literal('chorus-deployment'),
  version: z.literal(3),
  chainId: z.number().int().positive(),
  salt: hash,
  deployer: address,
  treasury: address,
  /** First block of the deployment: events are read from here on. */
  startBlock: count,
  /** True once everything was deployed, wired and verified. */
  complete: z.boolean(),
  contracts: z.record(z.string().max(64), contract),
  calls: z.record(z.string().max(64), transaction),
});

/** A deployment in its file format. */
export type DeploymentFile = z.infer<typeof schema>;
export type DeploymentTransaction = z.infer<typeof transaction>;

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Read a deployment file. @returns null if it does not exist
 * @throws ChainError `E_CHAIN_DEPLOYMENT_FILE`
 */
export async function readDeployment(path: string): Promise<DeploymentFile | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw invalid(path, 'cannot be read', cause);
  }
  if (text.length > MAX_FILE_BYTES) throw invalid(path, 'is too long');
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(path, `is malformed: ${reasonOf(cause)}`, cause);
  }
}

/** Write a deployment file atomically: if the process ends, the file is either the old or the new one. */
export async function writeDeployment(path: string, deployment: DeploymentFile): Promise<void> {
  const text = `${JSON.stringify(schema.parse(deployment), null, 2)}\n`;
  try {
    await writeFileAtomic(path, text);
  } catch (cause) {
    throw invalid(path, 'cannot be written', cause);
  }
}

function invalid(path: string, what: string, cause?: unknown): ChainError {
  return new ChainError('E_CHAIN_DEPLOYMENT_FILE', `the deployment file ${what}`, {
    facts: { path },
    hint: 'give another file, or restore this one: `chorus chain deploy` writes it',
    ...(cause === undefined ? {} : { cause }),
  });
}
