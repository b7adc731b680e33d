import { readFile } from 'node:fs/promises';
import { ChorusError, MAX_TRANSCRIPT_BYTES } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { answerText } from '../../agent/view.ts';
import { givenPath } from '../../environment/environment.ts';
import { EXIT, finish } from '../../environment/exit.ts';
import { print, printJson } from '../../output/print.ts';
import { createSpinner } from '../../output/spinner.ts';

interface AuditFlags {
  model: string;
  adapter?: string;
  json?: boolean;
}

const HELP = `
FILE is an answer that was kept with chorus agent call --receipt. The model on this machine reads its prompt and its tokens
again, and says whether it could have written them: a smaller or coarser model, another prompt, an edited text or other
random numbers are found out. It ends with 1 if the answer is not consistent with the model, or too short to say.

Examples:
  $ chorus agent call 7 'What is a prime number?' --receipt answer.json
  $ chorus agent audit answer.json --model SmolLM2-135M-Instruct.Q4_1.gguf`;

/** `chorus agent audit`: whether an answer is what a language model writes. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('re-execute an answer of a language model on this machine, by its receipt')
    .argument('<file>', 'the answer, as chorus agent call --receipt has kept it')
    .requiredOption('--model <gguf>', 'the model that should have answered, a GGUF file')
    .option('--adapter <gguf>', 'its adapter, a GGUF file')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', HELP)
    .action(auditAction);
}

async function auditAction(file: string, flags: AuditFlags): Promise<void> {
  const abort = new AbortController();
  abortOnInterrupt(abort);
  const { auditAnswer, readKeptAnswer } = await import('@chorus/service-agents/open');
  const kept = readKeptAnswer(await textOf(givenPath(file, 'the answer')));
  const spinner = createSpinner();
  spinner.start('reading the answer again');
  const audit = await auditAnswer(
    kept,
    { model: flags.model, adapter: flags.adapter ?? null },
    abort.signal,
  ).finally(() => spinner.stop());
  const { verdict, checks, figures, signer, serving, prompt } = audit;
  if (flags.json) printJson({ file, agent: kept.agent, signer, serving, verdict, checks, figures, prompt });
  else {
    print(colors.bold(answerText(kept.agent.name)));
    for (const { check, ok, detail } of checks)
      print(`  ${mark(ok)}  ${check.padEnd(13)}  ${answerText(detail)}`);
    print('', 'The model was shown:', ...shownLines(prompt), '', VERDICTS[verdict]);
  }
  await finish(verdict === 'consistent' ? EXIT.ok : EXIT.failed);
}

/** Lines of a prompt that are shown, and letters of one. */
const [MOST_LINES, MOST_LETTERS] = [12, 160];

function shownLines(prompt: string): string[] {
  const lines = answerText(prompt)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `  ${line.slice(0, MOST_LETTERS)}${line.length > MOST_LETTERS ? '...' : ''}`);
  const more = lines.length - MOST_LINES;
  return more > 0 ? [...lines.slice(0, MOST_LINES), `  and ${more} more lines (--json has them)`] : lines;
}

const mark = (ok: boolean | null): string =>
  ok === null ? colors.dim('-     ') : ok ? colors.green('ok    ') : colors.red('failed');

const VERDICTS = {
  consistent:
    'The answer is consistent with this model. Whether another answer was written and not given, nothing can show.',
  inconsistent: 'The answer is not what this model writes.',
  undecided: 'Nothing speaks against the answer, but there is too little to say.',
} as const;

async function textOf(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ChorusError('E_AGENT_TRANSCRIPT', 'the answer cannot be read', {
      facts: { path },
      hint: 'check that the file exists and is readable',
      cause,
    });
  }
  if (text.length <= 2 * MAX_TRANSCRIPT_BYTES) return text;
  throw new ChorusError('E_AGENT_TRANSCRIPT', 'the answer is too long', { facts: { path } });
}
