import type { AgentEvent, AgentUsage } from '@chorus/protocol';

/** What every object about one answer begins with. */
export interface Head {
  id: string;
  created: number;
  model: string;
}

/** What an agent answers besides text; a field of Chorus in the message, which other clients ignore. */
export class Extras {
  readonly #data: object[] = [];
  readonly #files: object[] = [];

  /** Take what the event brings; events of other types bring nothing. */
  add(event: AgentEvent): void {
    if (event.type === 'data') this.#data.push({ name: event.name, value: event.value });
    if (event.type === 'file') {
      const { name, mediaType, bytes } = event.file;
      this.#files.push({ name, url: `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}` });
    }
  }

  /** `{ chorus: { data, files } }`, or nothing. */
  field(): object {
    if (this.#data.length + this.#files.length === 0) return {};
    return {
      chorus: {
        ...(this.#data.length > 0 && { data: this.#data }),
        ...(this.#files.length > 0 && { files: this.#files }),
      },
    };
  }
}

/** The tokens of an answer; null if the agent does not say both numbers. */
export function usageOf({ inputTokens, outputTokens }: AgentUsage): object | null {
  if (inputTokens === null || outputTokens === null) return null;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}
