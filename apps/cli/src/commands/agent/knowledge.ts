import { placeText } from '@chorus/agent';
import { ChorusError } from '@chorus/protocol';
import { loadAgent, openDocuments, stateFolder } from '@chorus/service-agents/open';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { documentLines, indexProgress } from '../../agent/document-view.ts';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { answerText } from '../../agent/view.ts';
import { givenPath } from '../../environment/environment.ts';
import { EXIT, errorText, finish } from '../../environment/exit.ts';
import { print, printJson } from '../../output/print.ts';
import { write } from '../../output/terminal.ts';

/** Passages that are shown. */
const MOST = 6;

interface Flags {
  json?: boolean;
}

/** `chorus agent knowledge`: what an agent would find in its documents. */
export function knowledgeCommand(): Command {
  const list = new Command('list')
    .description('read the documents of an agent file, and list what was made of them')
    .argument('<file>', 'the agent file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ chorus agent knowledge list harbour.yaml')
    .action((file: string, flags: Flags) =>
      withDocuments(file, async (documents) => {
        const all = documents.documents();
        if (flags.json) printJson({ documents: all });
        else print(...documentLines(all));
      }),
    );
  const search = new Command('search')
    .description('show the passages that the model would be shown for a question')
    .argument('<file>', 'the agent file')
    .argument('<question>', 'what a caller would ask')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      "\nExample:\n  $ chorus agent knowledge search harbour.yaml 'When does the ferry leave?'",
    )
    .action((file: string, question: string, flags: Flags) =>
      withDocuments(file, async (documents, signal) => {
        await documents.embedded;
        const passages = await documents.search(question, MOST, signal);
        if (flags.json) return printJson({ passages });
        if (passages.length === 0) print('no passage has a word of this question');
        for (const [i, passage] of passages.entries()) {
          print(colors.bold(`[${i + 1}] ${answerText(placeText(passage))}`), answerText(passage.text), '');
        }
      }),
    );
  return new Command('knowledge')
    .description('the documents of an agent: what was read, and what is found')
    .addCommand(list)
    .addCommand(search);
}

type Documents = NonNullable<Awaited<ReturnType<typeof openDocuments>>>;

async function withDocuments(
  file: string,
  work: (documents: Documents, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const agent = loadAgent(givenPath(file, 'the agent file'));
  const abort = new AbortController();
  abortOnInterrupt(abort);
  const progress = indexProgress();
  let documents: Documents | null = null;
  try {
    documents = await openDocuments(agent, {
      state: stateFolder(agent),
      signal: abort.signal,
      onProgress: progress.show,
      onError: (error) => write(process.stderr, `${colors.yellow('warning')} ${errorText(error)}\n`),
    });
    if (!documents) {
      throw new ChorusError('E_DOCUMENT_FILES', 'this agent has no documents', {
        hint: 'name them in its file: knowledge: [ ./docs ]',
      });
    }
    await documents.embedded;
    progress.stop();
    await work(documents, abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    progress.stop();
    await documents?.close();
  }
  await finish(EXIT.ok);
}
