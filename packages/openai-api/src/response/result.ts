import type { AgentEvent, AgentUsage, AnswerReceipt, Citation } from '@chorus/protocol';

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
  #citations: readonly Citation[] = [];
  #receipt: AnswerReceipt | null = null;

  /** Take what the event brings; events of other types bring nothing. */
  add(event: AgentEvent): void {
    if (event.type === 'data') this.#data.push({ name: event.name, value: event.value });
    if (event.type === 'citations') this.#citations = event.citations;
    if (event.type === 'completed') this.#receipt = event.receipt ?? null;
    if (event.type === 'file') {
      const { name, mediaType, bytes } = event.file;
      this.#files.push({ name, url: `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}` });
    }
  }

  /** `{ annotations, chorus: { data, files, citations, receipt } }`, or nothing. */
  field(): object {
    const count = this.#data.length + this.#files.length + this.#citations.length;
    if (count === 0 && this.#receipt === null) return {};
    return {
      ...(this.#citations.length > 0 && { annotations: this.#citations.map(toAnnotation) }),
      chorus: {
        ...(this.#data.length > 0 && { data: this.#data }),
        ...(this.#files.length > 0 && { files: this.#files }),
        ...(this.#citations.length > 0 && { citations: this.#citations }),
        ...(this.#receipt && { receipt: this.#receipt }),
      },
    };
  }
}

/** The only annotation that the API has. A document of an agent has no address, so its path stands for one. */
function toAnnotation({ source, place, start, end }: Citation): object {
  const title = place === null ? source : `${source}, ${place}`;
  return { type: 'url_citation', url_citation: { start_index: start, end_index: end, url: source, title } };
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
