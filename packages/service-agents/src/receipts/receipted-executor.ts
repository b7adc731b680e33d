import type { AnswerPayload, ReceiptSigner, ServingFacts } from '@chorus/payments/receipt';
import {
  type AgentEvent,
  type AgentExecutor,
  type AnswerReceipt,
  type CompletionEvent,
  type CompletionRequest,
  encodeTranscript,
  type Transcript,
  transcriptDigest,
} from '@chorus/protocol';
import type { Selling } from '../payments/selling.ts';
import type { TranscriptFolder } from './transcript-folder.ts';

export interface ReceiptOptions {
  /** The agent's name. */
  agent: string;
  signer: ReceiptSigner;
  transcripts: Pick<TranscriptFolder, 'keep'>;
  /** What takes the agent's payments; null if it has no price. */
  selling: Pick<Selling, 'cashier' | 'call'> | null;
  /** Called with why an answer has no receipt: the answer itself is given. */
  onError: (error: unknown) => void;
}

/** What an answer carries besides: its receipt, or nothing if that cannot be made. */
type Sign = (transcript: Transcript) => Promise<{ receipt?: AnswerReceipt }>;

/**
 * An executor that signs a receipt for each transcript of its answers, and keeps the transcript for its caller. The
 * receipt of a call that was paid for is that of the payment, with what the transcript adds.
 */
export function receiptedExecutor(executor: AgentExecutor, options: ReceiptOptions): AgentExecutor {
  const { complete, embed, infer, tensors } = executor;
  return {
    followsWishes: executor.followsWishes ?? false,
    callsTools: executor.callsTools ?? false,
    // The call is the one that asks; its answer may be read outside of it.
    execute: (request, signal) => receipted(executor.execute(request, signal), signing(options, true)),
    ...(complete && {
      complete: (request: CompletionRequest, signal: AbortSignal) =>
        receiptedChoices(complete(request, signal), signing(options, request.prompts.length === 1)),
    }),
    // Vectors and tensors have no transcripts.
    ...(embed && { embed }),
    ...(infer && tensors && { infer, tensors }),
    close: () => executor.close(),
  };
}

async function* receipted(events: AsyncIterable<AgentEvent>, sign: Sign): AsyncGenerator<AgentEvent> {
  for await (const event of events) {
    if (event.type !== 'completed' || !event.transcript) {
      yield event;
      continue;
    }
    const { transcript, ...rest } = event;
    yield { ...rest, ...(await sign(transcript)) };
  }
}

async function* receiptedChoices(
  events: AsyncIterable<CompletionEvent>,
  sign: Sign,
): AsyncGenerator<CompletionEvent> {
  for await (const each of events) {
    if (each.type !== 'choice' || each.event.type !== 'finished' || !each.event.transcript) {
      yield each;
      continue;
    }
    const { transcript, ...event } = each.event;
    yield { ...each, event, ...(await sign(transcript)) };
  }
}

/** @param isOnly there is one answer: the receipts of its payment name it */
function signing(options: ReceiptOptions, isOnly: boolean): Sign {
  const call = options.selling?.call();
  return async (transcript) => {
    try {
      return { receipt: await receiptOf(transcript, options, call, isOnly) };
    } catch (error) {
      options.onError(error);
      return {};
    }
  };
}

async function receiptOf(
  transcript: Transcript,
  { agent, signer, transcripts, selling }: ReceiptOptions,
  call: ReturnType<Selling['call']>,
  isOnly: boolean,
): Promise<AnswerReceipt> {
  const { signReceipt } = await import('@chorus/payments/receipt');
  const bytes = encodeTranscript(transcript);
  const digest = transcriptDigest(bytes);
  const serving: ServingFacts = { ...transcript.model, transcript: digest };
  const hex = digest.slice('sha256:'.length);
  await transcripts.keep(hex, bytes);
  if (call && isOnly) call.serving = serving;
  const free: AnswerPayload = { version: 1, issuedAt: Math.floor(Date.now() / 1000), agent, serving };
  const jws = call?.sale ? selling!.cashier.receipt(call.sale, null, serving) : signReceipt(free, signer);
  return { jws, path: `transcripts/${hex}` };
}
