import type { OpenedResources } from '@chorus/service-agents/open';
import colors from 'yoctocolors';
import { createSpinner } from '../output/spinner.ts';
import { answerText } from './view.ts';

type Documents = OpenedResources['documents'];

/** Documents that cannot be read, which the owner should know. */
export function documentNotes(documents: Documents): string[] {
  return documents.flatMap(({ source, fault }) =>
    fault === null ? [] : `${colors.yellow('warning')} not used: ${answerText(source)}: ${answerText(fault)}`,
  );
}

/** Every document, with what was made of it. */
export function documentLines(documents: Documents): string[] {
  const width = Math.max(...documents.map(({ source }) => source.length));
  return documents.map(({ source, passages, fault }) => {
    const name = answerText(source).padEnd(width);
    return `${name}  ${fault === null ? `${passages} ${passages === 1 ? 'passage' : 'passages'}` : colors.yellow(answerText(fault))}`;
  });
}

/** Shows on standard error how far the reading of documents is; `stop` removes it. */
export function indexProgress() {
  const spinner = createSpinner();
  return {
    show({ step, done, of }: { step: 'reading' | 'embedding'; done: number; of: number | null }): void {
      const what = step === 'reading' ? 'reading documents' : 'making vectors of passages';
      spinner.start(`${what} ${done}${of === null ? '' : ` of ${of}`}`);
    },
    stop(): void {
      spinner.stop();
    },
  };
}
