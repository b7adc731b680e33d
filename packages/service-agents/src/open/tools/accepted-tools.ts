import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { atomicWrite, makeFolder } from '@chorus/utils';
import { z } from 'zod';

/** Fingerprints of a server's tools, by their names. */
export type Fingerprints = Readonly<Record<string, string>>;

const fileSchema = z.strictObject({
  /** By server. */
  accepted: z.record(z.string(), z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))),
});

/**
 * The tools that an agent's owner accepted, in the agent's folder of state: what a server says of them later is compared
 * with this.
 */
export class AcceptedTools {
  readonly #file: string;
  readonly #folder: string;
  #servers: Record<string, Fingerprints> | null = null;

  /** @param folder of the agent's state; made with the first acceptance */
  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'tools.json');
  }

  /** @throws ChorusError `E_AGENT_FILE` if the file is damaged: what was accepted is unknown then */
  async of(server: string): Promise<Fingerprints | null> {
    return (await this.#read())[server] ?? null;
  }

  async accept(server: string, fingerprints: Fingerprints): Promise<void> {
    const servers = await this.#read();
    servers[server] = fingerprints;
    await makeFolder(this.#folder, 0o700);
    const text = `${JSON.stringify({ accepted: servers }, null, 2)}\n`;
    await atomicWrite(this.#file, [Buffer.from(text)]);
  }

  async #read(): Promise<Record<string, Fingerprints>> {
    if (this.#servers) return this.#servers;
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) {
      this.#servers = {};
      return this.#servers;
    }
    try {
      this.#servers = fileSchema.parse(JSON.parse(text)).accepted;
      return this.#servers;
    } catch (cause) {
      throw new ChorusError('E_AGENT_FILE', 'the record of accepted tools is damaged', {
        facts: { path: this.#file },
        hint: 'delete it, check the tools with `chorus agent check`, and accept them again',
        cause,
      });
    }
  }
}
