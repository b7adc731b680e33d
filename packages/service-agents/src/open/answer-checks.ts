import { identityOfDid } from '@chorus/a2a';
import type { AuditCheck, Findings } from '@chorus/inference';
import { readAnswerReceipt } from '@chorus/payments/receipt';
import { encodeTranscript, explain, type ModelIdentity, transcriptDigest } from '@chorus/protocol';
import type { KeptAnswer } from './kept-answer.ts';

/** One thing that was checked of an answer. */
export interface AnswerCheck {
  check: 'receipt' | 'transcript' | 'model' | 'question' | 'text' | AuditCheck['check'];
  /** Null: there is nothing to check it by, or too little. */
  ok: boolean | null;
  detail: string;
}

/** Whether the receipt is the agent's, and names the transcript: all that can be said without the model. */
export function receiptChecks({ receipt: jws, agent, transcript }: KeptAnswer): {
  signer: string | null;
  checks: AnswerCheck[];
} {
  try {
    const { receipt, did } = readAnswerReceipt(jws, (key) => identityOfDid(key).publicKey);
    const isAgent = agent.did === null ? null : agent.did === did;
    const digest = transcriptDigest(encodeTranscript(transcript));
    const { transcript: named, ...serving } = receipt.serving;
    const isIts =
      named === digest && JSON.stringify(sorted(serving)) === JSON.stringify(sorted(transcript.model));
    return {
      signer: did,
      checks: [
        {
          check: 'receipt',
          ok: isAgent,
          detail: isAgent === false ? `${did} signed it, and not the agent` : `signed by ${did}`,
        },
        {
          check: 'transcript',
          ok: isIts,
          detail: isIts ? 'it is the one that the receipt names' : 'it is not the one that the receipt names',
        },
      ],
    };
  } catch (error) {
    return { signer: null, checks: [{ check: 'receipt', ok: false, detail: explain(error).message }] };
  }
}

const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));

/** Whether the model on this machine is the one that is named, and has read and written what the caller knows. */
export function answerChecks(
  kept: KeptAnswer,
  identity: ModelIdentity,
  findings: Pick<Findings, 'prompt' | 'text'>,
): AnswerCheck[] {
  return [modelCheck(kept.transcript.model, identity), ...textChecks(kept, findings)];
}

function modelCheck(named: ModelIdentity, own: ModelIdentity): AnswerCheck {
  const differs = (['base', 'adapter'] as const).find((file) => named[file] !== own[file]);
  if (!differs) return { check: 'model', ok: true, detail: `the receipt names these files: ${named.base}` };
  const told = named[differs] ?? 'none';
  const here = own[differs] ?? 'none';
  const file = differs === 'base' ? 'model' : 'adapter';
  return { check: 'model', ok: false, detail: `the receipt names another ${file}: ${told}, here ${here}` };
}

function textChecks(
  { question, text }: KeptAnswer,
  findings: Pick<Findings, 'prompt' | 'text'>,
): AnswerCheck[] {
  const words = question?.trim();
  // Every prompt has an empty text in it.
  const asked = words ? findings.prompt.includes(words) : null;
  const given = text === null ? null : text === findings.text;
  return [
    {
      check: 'question',
      ok: asked,
      detail:
        asked === null
          ? 'it is not known what was asked'
          : `what was asked is ${asked ? '' : 'not '}in what the model was shown`,
    },
    {
      check: 'text',
      ok: given,
      detail:
        given === null
          ? 'it is not known what was answered'
          : `the text that was read is ${given ? '' : 'not '}that of the tokens`,
    },
  ];
}
