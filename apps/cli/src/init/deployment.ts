import { readFile } from 'node:fs/promises';
import { type Address, ChorusError } from '@chorus/protocol';
import { z } from 'zod';

/** A copy of the deployment file, within a node's folder. */
export const DEPLOYMENT_FILE = 'deployment.json';

const MAX_DEPLOYMENT_BYTES = 64 * 1024;

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address')
  .transform((text) => text.toLowerCase() as Address);

/** What a deployment of the contracts is: on which chain, at which addresses. More may be in the file. */
const deploymentSchema = z.looseObject({
  chainId: z.number().int().positive(),
  taskManager: address,
  token: address.optional(),
  /** sha256 of each contract's code on chain, 0x-prefixed hex, by address. */
  codeHashes: z.record(z.string(), z.string().regex(/^0x[0-9a-f]{64}$/)).optional(),
  /** An endpoint and peers to begin with, where whoever runs the network names some. */
  rpc: z.url().optional(),
  bootstrap: z.array(z.string().max(300)).max(64).optional(),
});

export type DeploymentFile = z.infer<typeof deploymentSchema>;

/** @throws ChorusError `E_CONFIG_DEPLOYMENT` */
export async function readDeployment(path: string): Promise<DeploymentFile> {
  let why: string;
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > MAX_DEPLOYMENT_BYTES) throw new Error('it is too long');
    const parsed = deploymentSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    why = `${issue?.path.join('.')}: ${issue?.message}`;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new ChorusError('E_CONFIG_DEPLOYMENT', `this is not a deployment file: ${why}`, {
    facts: { path },
    hint: 'give the JSON file that whoever deployed the contracts published',
  });
}
