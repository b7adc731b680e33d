import type { Components } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';

type Budget = Pick<
  Components['resources'],
  'memoryBytes' | 'underPressure' | 'reserve' | 'release' | 'reservedBytes'
>;

/** The memory of one agent's model in the node's budget. */
export class ModelReservation {
  readonly #budget: Budget;
  readonly #work: string;

  /** @param agent its name */
  constructor(budget: Budget, agent: string) {
    this.#budget = budget;
    this.#work = `agents/${agent}`;
  }

  /**
   * Reserve memory in place of what the agent had reserved.
   * @param bytes 0 changes nothing
   * @throws ChorusError `E_LIMIT_MEMORY` if other work has it
   */
  reserve(bytes: number): void {
    const { memoryBytes } = this.#budget;
    const reserved = this.#budget.reservedBytes(this.#work);
    if (reserved + bytes > memoryBytes) {
      throw new ChorusError('E_LIMIT_MEMORY', "the agent's model needs more memory than is left", {
        facts: { needs: bytes, reserved, limit: memoryBytes },
        hint: 'raise limits.memory, stop another agent, or leave a task',
      });
    }
    if (bytes > 0) this.#budget.reserve(this.#work, bytes);
  }

  release(): void {
    this.#budget.release(this.#work);
  }

  /** @throws ChorusError `E_AGENT_BUSY` while the node is short of memory */
  admit(): void {
    if (!this.#budget.underPressure) return;
    throw new ChorusError('E_AGENT_BUSY', 'the node is short of memory', { hint: 'try again later' });
  }
}
