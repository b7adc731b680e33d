import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { BoundedSet } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

const FILE = 'left-tasks.json';

/** Number of tasks remembered; beyond it, the task left first is forgotten; by then it has long ended. */
const MAX_LEFT = 10_000;

const fileSchema = z.array(z.string().regex(/^\d{1,20}$/)).max(MAX_LEFT);

/** Tasks that the contributor has left, or never wants to join. Kept across restarts. */
export class LeftTasks {
  readonly #path: string;
  readonly #ids = new BoundedSet<bigint>(MAX_LEFT);

  constructor(dataDir: string) {
    this.#path = join(dataDir, FILE);
  }

  /**
   * Read what an earlier run has written.
   * @throws ChorusError `E_LEFT_TASKS` if the file is damaged: treating it as empty would stake on tasks that were
   * left
   */
  async load(): Promise<void> {
    try {
      const ids = fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      for (const id of ids) this.#ids.add(BigInt(id));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new ChorusError('E_LEFT_TASKS', 'cannot read which tasks were left', {
        facts: { path: this.#path },
        hint: 'correct the file: a JSON array of task ids as texts; or remove it, and leave the tasks again',
        cause,
      });
    }
  }

  has(taskId: bigint): boolean {
    return this.#ids.has(taskId);
  }

  async add(taskId: bigint): Promise<void> {
    if (this.#ids.has(taskId)) return;
    this.#ids.add(taskId);
    await this.#write();
  }

  async delete(taskId: bigint): Promise<void> {
    if (this.#ids.delete(taskId)) await this.#write();
  }

  async #write(): Promise<void> {
    await writeFileAtomic(this.#path, `${JSON.stringify([...this.#ids].map(String))}\n`, { mode: 0o600 });
  }
}
