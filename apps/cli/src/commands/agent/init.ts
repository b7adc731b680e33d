import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { agentFileJsonSchema, TEMPLATES, type Template, templateText } from '@chorus/agent';
import type { TaskModel } from '@chorus/service-agents/open';
import { Command, Option } from 'commander';
import { fromTask, historyLine } from '../../agent/from-task.ts';
import { givenPath, shellWord } from '../../environment/environment.ts';
import { type InspectOptions, inspectOptions } from '../../inspect/options.ts';
import { alreadyThere, writeNew } from '../../output/check-output.ts';
import { print, printJson } from '../../output/print.ts';

interface InitFlags extends InspectOptions {
  template: Template;
  fromTask?: string;
}

/** The JSON Schema for editors, next to the agent file. */
const SCHEMA_FILE = 'agent.schema.json';

/** `chorus agent init`: writes an agent file. */
export function initCommand(): Command {
  const command = new Command('init')
    .description('write a commented agent file, and its JSON Schema for editors; nothing is overwritten')
    .argument('[name]', 'file to write, with or without .yaml', 'agent')
    .addOption(new Option('--template <kind>', 'kind of model').choices([...TEMPLATES]).default('chat'))
    .option(
      '--from-task <id>',
      'write the trained model of this training task too, and the agent file for it',
    );
  return inspectOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus agent init harbour\n  $ chorus agent init digits --from-task 1   # with the network options of `chorus model get`',
    )
    .action(initAction);
}

async function initAction(given: string, flags: InitFlags): Promise<void> {
  const path = givenPath(given, 'the name').replace(/\.ya?ml$/, '');
  const name = basename(path);
  const file = `${path}.yaml`;
  if (existsSync(file)) throw alreadyThere(file);
  const written = [file];
  let { template } = flags;
  let taken: { model: string; description: string } | undefined;
  let model: TaskModel | undefined;
  if (flags.fromTask !== undefined) {
    const files = [`${path}.onnx`, `${path}.gguf`, `${path}.adapter.gguf`];
    for (const each of files) if (existsSync(each)) throw alreadyThere(each);
    const { looksLikeText, taskModel } = await import('@chorus/service-agents/open');
    const { parseTask, withNetwork } = await import('../../inspect/open.ts');
    const id = parseTask(flags.fromTask);
    model = await withNetwork(flags, (network) => taskModel(network, id, null));
    const [onnx, base, adapter] = files as [string, string, string];
    if (model.base) template = 'language';
    else if (looksLikeText(model)) template = 'text';
    else if (template === 'chat') template = 'classify';
    const named = model.base
      ? { file: `./${basename(base)}`, adapter: `./${basename(adapter)}` }
      : { file: `./${basename(onnx)}`, adapter: null };
    taken = fromTask(flags.fromTask, model, named, template);
    const contents: [path: string, bytes: Uint8Array][] = model.base
      ? [
          [base, model.base],
          [adapter, model.bytes],
        ]
      : [[onnx, model.bytes]];
    for (const [file, bytes] of contents) {
      await writeNew(file, bytes);
      written.push(file);
    }
  }
  const text = templateText(template, { name: titleOf(name), schema: `./${SCHEMA_FILE}`, ...taken });
  await writeNew(file, text);
  const schema = join(dirname(path), SCHEMA_FILE);
  if (!existsSync(schema)) {
    await writeNew(schema, `${JSON.stringify(agentFileJsonSchema(), null, 2)}\n`);
    written.push(schema);
  }
  if (flags.json) {
    const { rounds, checks } = model ?? { rounds: [], checks: [] };
    return printJson({ file, template, written, rounds, checks });
  }
  print(
    ...(model && flags.fromTask !== undefined ? [`${historyLine(flags.fromTask, model)}\n`] : []),
    ...written.map((each) => `wrote ${each}`),
    '',
    `next: chorus agent check ${shellWord(file)}`,
  );
}

const titleOf = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1)}`.replaceAll(/[-_]+/g, ' ');
