import { type AgentAttachment, type AgentEvent, ChorusError, type Citation } from '@chorus/protocol';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/server';
import { MAX_ANSWER_BYTES, MAX_WORDS } from '../limits.ts';

/** Gathers what an agent reports into the one result that a tool of MCP has. */
export class Answer {
  #bytes = 0;
  #text = '';
  #rejected: string | null = null;
  readonly #data: { name: string; value: unknown }[] = [];
  readonly #files: AgentAttachment[] = [];
  #citations: readonly Citation[] = [];

  /** Characters of text so far. */
  get length(): number {
    return this.#text.length;
  }

  /** @throws ChorusError `E_AGENT_BUDGET` if the agent answers more than one result can hold */
  add(event: AgentEvent): void {
    if (event.type === 'text') this.#say(event.text);
    else if (event.type === 'input-required') this.#say(short(event.question));
    else if (event.type === 'rejected') this.#rejected = event.reason;
    else if (event.type === 'citations') this.#citations = event.citations;
    else if (event.type === 'data') {
      this.#count(Buffer.byteLength(JSON.stringify(event.value) ?? ''));
      this.#data.push({ name: event.name, value: event.value });
    } else if (event.type === 'file') {
      this.#count(event.file.bytes.length);
      this.#files.push(event.file);
    }
  }

  /** Data is structured content, and also text, as MCP asks for: many clients show only text to their model. */
  result(): CallToolResult {
    if (this.#rejected !== null) return failure(this.#rejected);
    const content: ContentBlock[] = [];
    if (this.#text !== '' || (this.#data.length === 0 && this.#files.length === 0)) {
      content.push({ type: 'text', text: this.#text });
    }
    for (const { value } of this.#data) content.push({ type: 'text', text: JSON.stringify(value) });
    content.push(...this.#files.map(contentOf));
    if (this.#citations.length > 0) content.push({ type: 'text', text: sourcesText(this.#citations) });
    if (this.#data.length + this.#citations.length === 0) return { content };
    const cited = this.#citations.length > 0 ? { citations: [...this.#citations] } : {};
    return { content, structuredContent: { text: this.#text, data: this.#data, ...cited } };
  }

  #say(text: string): void {
    this.#count(Buffer.byteLength(text));
    this.#text += text;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= MAX_ANSWER_BYTES) return;
    throw new ChorusError('E_AGENT_BUDGET', 'the agent answered more than it may', {
      facts: { limit: MAX_ANSWER_BYTES },
      hint: 'ask for less',
    });
  }
}

/** A failure as a result, which the model of the client is shown: it may do better at its next call. */
export function failure(reason: string): CallToolResult {
  return { content: [{ type: 'text', text: short(reason) }], isError: true };
}

/** What the numbers in an answer stand for, for clients that read text alone. */
function sourcesText(citations: readonly Citation[]): string {
  const lines = citations.map(({ number, source, place, quote }) => {
    const where = place === null ? source : `${source}, ${JSON.stringify(place)}`;
    return `[${number}] ${where}: ${JSON.stringify(quote)}`;
  });
  return `Sources:\n${lines.join('\n')}`;
}

function contentOf({ name, mediaType, bytes }: AgentAttachment): ContentBlock {
  const data = Buffer.from(bytes).toString('base64');
  if (mediaType.startsWith('image/')) return { type: 'image', data, mimeType: mediaType };
  const uri = `attachment:${encodeURIComponent(name ?? 'file')}`;
  return { type: 'resource', resource: { uri, mimeType: mediaType, blob: data } };
}

function short(text: string): string {
  return text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS)}...` : text;
}
