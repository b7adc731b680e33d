import { resolve } from 'node:path';
import type { Findings, Verdict } from '@chorus/inference';
import { hasCode, type ModelIdentity, type Transcript } from '@chorus/protocol';
import { type AnswerCheck, answerChecks, receiptChecks } from './answer-checks.ts';
import type { KeptAnswer } from './kept-answer.ts';

/** The files of a model on this machine. */
export interface AuditModel {
  model: string;
  adapter: string | null;
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
  const { signer, checks } = receiptChecks(kept);
  const { noiseOf, NO_NOISE, verdictOf } = await import('@chorus/inference');
  // As it was served: other weights would add noise of their own.
  const { weights } = transcript.model;
  const { identity, findings } = await reading(transcript, files, weights, signal);
  checks.push(...answerChecks(kept, identity, findings));
  const again = { ...transcript, likeliest: findings.likeliest };
  const other = await reading(again, files, weights === 'int8' ? 'float32' : 'int8', signal).catch(
    (error: unknown) => {
      // A model that cannot have weights of 8 bits has no noise to speak of.
      if (weights === 'float32' && hasCode(error, 'E_MODEL_UNSUPPORTED')) return null;
      throw error;
    },
  );
  const noise = other ? noiseOf(other.findings) : NO_NOISE;
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
}

/** What a model says to a transcript. It is closed then: two models are never in memory at once. */
async function reading(
  transcript: Transcript,
  files: AuditModel,
  weights: ModelIdentity['weights'],
  signal: AbortSignal,
): Promise<{ identity: ModelIdentity; findings: Findings }> {
  const [{ createLanguageModel }, { readModelFile }] = await Promise.all([
    import('@chorus/inference'),
    import('@chorus/training'),
  ]);
  const adapter = files.adapter === null ? {} : { adapter: await readModelFile(resolve(files.adapter)) };
  const model = await createLanguageModel({
    model: resolve(files.model),
    name: 'audited',
    ...adapter,
    context: transcript.context,
    weights,
    slots: 1,
    signal,
  });
  try {
    return { identity: model.identity, findings: await model.check(transcript, signal) };
  } finally {
    await model.close();
  }
}
