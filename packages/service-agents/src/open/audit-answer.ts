import { resolve } from 'node:path';
import { identityOfDid } from '@chorus/a2a';
import type { AuditCheck, Findings, LanguageModel, Noise, Verdict } from '@chorus/inference';
import { readAnswerReceipt } from '@chorus/payments/receipt';
import {
  encodeTranscript,
  explain,
  hasCode,
  type ModelIdentity,
  type Transcript,
  transcriptDigest,
} from '@chorus/protocol';
import type { KeptAnswer } from './kept-answer.ts';

/** The files of a model on this machine. */
export interface AuditModel {
  model: string;
  adapter: string | null;
}

/** One thing that was checked of an answer. */
export interface AnswerCheck {
  check: 'receipt' | 'transcript' | 'model' | 'question' | 'text' | AuditCheck['check'];
  /** Null: there is nothing to check it by, or too little. */
  ok: boolean | null;
  detail: string;
}

export interface AnswerAudit {
  verdict: Verdict['verdict'];
  checks: AnswerCheck[];
  figures: Verdict['figures'];
  /** Who signed the receipt; null if it does not hold. */
  signer: string | null;
  serving: ModelIdentity;
  /** What the model was shown, without control tokens: the seller's words as well. */
  prompt: string;
}

/**
 * Re-executes an answer of a language model on this machine: prompt and answer are read in one go (teacher forcing), and
 * each token is compared with what the model says at its place.
 *
 * @throws ChorusError `E_MODEL_...` if the model cannot be opened; `E_AGENT_CONTEXT`, `E_AGENT_TRANSCRIPT` if it cannot
 * read the transcript; the signal's reason when aborted
 */
export async function auditAnswer(
  kept: KeptAnswer,
  files: AuditModel,
  signal: AbortSignal,
): Promise<AnswerAudit> {
  const { transcript } = kept;
  const { signer, checks } = documentChecks(kept);
  // As it was served: other weights would add noise of their own.
  const model = await openModel(transcript, files, transcript.model.weights, signal);
  try {
    const { verdictOf } = await import('@chorus/inference');
    checks.push(modelCheck(transcript.model, model.identity));
    const findings = await model.check(transcript, signal);
    checks.push(...textChecks(kept, findings));
    const noise = await measuredNoise(kept, files, findings, signal);
    const { verdict, checks: of, figures } = verdictOf(transcript, findings, noise);
    checks.push(...of);
    const isFalse = checks.some(({ ok }) => ok === false);
    return {
      verdict: isFalse ? 'inconsistent' : verdict,
      checks,
      figures,
      signer,
      serving: transcript.model,
      prompt: findings.prompt,
    };
  } finally {
    await model.close();
  }
}

/** What the receipt says, without the model. */
function documentChecks({ receipt: jws, agent, transcript }: KeptAnswer): {
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

/**
 * How far the model with its weights in the other form is from this run. One that cannot have weights of 8 bits has no
 * noise to speak of.
 */
async function measuredNoise(
  { transcript }: KeptAnswer,
  files: AuditModel,
  { likeliest }: Findings,
  signal: AbortSignal,
): Promise<Noise> {
  const { NO_NOISE, noiseOf } = await import('@chorus/inference');
  const weights = transcript.model.weights === 'int8' ? 'float32' : 'int8';
  let model: LanguageModel;
  try {
    model = await openModel(transcript, files, weights, signal);
  } catch (error) {
    if (weights === 'int8' && hasCode(error, 'E_MODEL_UNSUPPORTED')) return NO_NOISE;
    throw error;
  }
  try {
    return noiseOf(await model.check({ ...transcript, likeliest }, signal));
  } finally {
    await model.close();
  }
}

const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));

async function openModel(
  { context }: Transcript,
  files: AuditModel,
  weights: ModelIdentity['weights'],
  signal: AbortSignal,
): Promise<LanguageModel> {
  const [{ createLanguageModel }, { readModelFile }] = await Promise.all([
    import('@chorus/inference'),
    import('@chorus/training'),
  ]);
  const adapter = files.adapter === null ? {} : { adapter: await readModelFile(resolve(files.adapter)) };
  return createLanguageModel({
    model: resolve(files.model),
    name: 'audited',
    ...adapter,
    context,
    weights,
    slots: 1,
    signal,
  });
}

function modelCheck(named: ModelIdentity, own: ModelIdentity): AnswerCheck {
  const differs = (['base', 'adapter'] as const).find((file) => named[file] !== own[file]);
  if (!differs) return { check: 'model', ok: true, detail: `the receipt names these files: ${named.base}` };
  const told = named[differs] ?? 'none';
  const here = own[differs] ?? 'none';
  const file = differs === 'base' ? 'model' : 'adapter';
  return { check: 'model', ok: false, detail: `the receipt names another ${file}: ${told}, here ${here}` };
}

function textChecks({ question, text }: KeptAnswer, findings: Findings): AnswerCheck[] {
  const asked = question === null ? null : findings.prompt.includes(question.trim());
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
