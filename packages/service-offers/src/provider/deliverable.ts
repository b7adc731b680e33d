import type { PublicOffer } from '@chorus/market';
import { type AgentAttachment, type AgentEvent, ChorusError, jsonOf, valueFaults } from '@chorus/protocol';

/** Largest deliverable that the node makes by itself, bytes. */
const MAX_BYTES = 16 * 2 ** 20;

/** A file that was made for a job. */
export interface Deliverable {
  name: string;
  bytes: Uint8Array;
}

/** What an agent answered: text, values and files. */
export interface Produced {
  text: string;
  data: unknown[];
  files: AgentAttachment[];
}

/**
 * Read what an agent produces until it has ended.
 * @throws ChorusError `E_MARKET_ORDER` if it refuses or asks back: no one answers it in a job
 */
export async function produced(events: AsyncIterable<AgentEvent>): Promise<Produced> {
  const made: Produced = { text: '', data: [], files: [] };
  let bytes = 0;
  for await (const event of events) {
    if (event.type === 'text') made.text += event.text;
    else if (event.type === 'data') made.data.push(event.value);
    else if (event.type === 'file') made.files.push(event.file);
    else if (event.type === 'rejected') throw cannot(`the agent refuses it: ${event.reason}`);
    else if (event.type === 'input-required') throw cannot(`the agent asks back: ${event.question}`);
    else if (event.type === 'completed' && event.reason === 'length')
      throw cannot('the answer was cut at a limit');
    bytes += sizeOf(event);
    if (bytes > MAX_BYTES) throw cannot(`the answer has more than ${MAX_BYTES} bytes`);
  }
  return made;
}

/**
 * The file that is delivered: the value that the offer promises, checked; or a file, or the text of the answer.
 * @throws ChorusError `E_MARKET_ORDER` if it is not what the offer promises
 */
export function deliverableOf(
  { deliverable: schema }: Pick<PublicOffer, 'deliverable'>,
  made: Produced,
): Deliverable {
  if (schema === null) {
    const [file] = made.files;
    if (file) return { name: file.name ?? 'deliverable', bytes: file.bytes };
    if (made.text.trim() !== '') return textFile('deliverable.txt', made.text);
    if (made.data.length > 0) return textFile('deliverable.json', JSON.stringify(made.data[0]));
    throw cannot('the agent answered nothing');
  }
  const value = made.data.length > 0 ? made.data[0] : jsonIn(made.text);
  const faults = value === undefined ? ['it is no JSON value'] : valueFaults(schema, value);
  if (faults.length === 0) return textFile('deliverable.json', JSON.stringify(value));
  throw cannot(`the answer is not what the offer promises: ${faults.join('; ')}`);
}

/** A JSON value that is all of a text, or all of its only block of code. */
function jsonIn(text: string): unknown {
  const [, fenced] = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text) ?? [];
  return jsonOf(fenced ?? text);
}

function sizeOf(event: AgentEvent): number {
  if (event.type === 'text') return event.text.length;
  if (event.type === 'file') return event.file.bytes.length;
  return event.type === 'data' ? (JSON.stringify(event.value)?.length ?? 0) : 0;
}

const textFile = (name: string, text: string): Deliverable => ({
  name,
  bytes: new TextEncoder().encode(text),
});

const cannot = (why: string): ChorusError => new ChorusError('E_MARKET_ORDER', why.slice(0, 500));
