import { findField } from '@chorus/node';
import { plainJson } from '@chorus/protocol';
import type { NodeConfig } from '@chorus/service-training';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { configOf, configPathOf, type HomeOptions, homeOptions, runningPid } from '../environment/home.ts';
import { CONFIG, editConfig } from '../environment/node-config.ts';
import { print, printJson, wrap } from '../output/table.ts';

/** `chorus config`: the node's settings. */
export function configCommand(): Command {
  const get = new Command('get')
    .description('print one value as the node will see it: after defaults, file and environment')
    .argument('<key>', 'such as chain.url')
    .addHelpText('after', '\nExample:\n  $ chorus config get limits.memory')
    .action(async (key: string, flags: HomeOptions) => {
      const { path } = findField(CONFIG, key);
      const { config, sources } = await configOf(flags);
      const value = valueAt(config, path);
      // Only this command shows the access key of an endpoint, because the user asks for that value.
      const shown = flags.json
        ? JSON.stringify({ key, value: value ?? null, source: sources.get(key) ?? 'default' }, null, 2)
        : textOf(value);
      process.stdout.write(`${plainJson(shown)}\n`);
    });
  const set = new Command('set')
    .description('change a value in the file; its comments stay. Takes effect at the next start')
    .argument('<key>', 'such as network.listen')
    .argument('<value>', 'as in YAML: 4, true, text, [a, b]')
    .addHelpText('after', '\nExample:\n  $ chorus config set limits.hours \'["22:00-07:00"]\'')
    .action(async (key: string, value: string, flags: HomeOptions) => {
      await editConfig(configPathOf(flags), key, value);
      await told(key, flags);
    });
  const unset = new Command('unset')
    .description('remove a value from the file, so that its default applies')
    .argument('<key>', 'such as training.threads')
    .addHelpText('after', '\nExample:\n  $ chorus config unset training.threads')
    .action(async (key: string, flags: HomeOptions) => {
      await editConfig(configPathOf(flags), key, null);
      await told(key, flags);
    });
  const list = new Command('list')
    .description('list every value, its source, and the variable that overrides it')
    .option('--explain', 'also print what each value means')
    .addHelpText('after', '\nExample:\n  $ chorus config list --explain')
    .action(listAction);
  const path = new Command('path')
    .description("print the path of the node's configuration")
    .addHelpText('after', '\nExample:\n  $ $EDITOR "$(chorus config path)"')
    .action((flags: HomeOptions) => {
      if (flags.json) printJson({ path: configPathOf(flags) });
      else print(configPathOf(flags));
    });
  const command = new Command('config').description("the node's settings");
  for (const sub of [get, set, unset, list, path]) command.addCommand(homeOptions(sub));
  return command;
}

async function told(key: string, flags: HomeOptions): Promise<void> {
  const { config, sources } = await configOf(flags);
  const field = findField(CONFIG, key);
  const value = valueAt(config, field.path);
  const source = sources.get(field.key) ?? 'default';
  const isRunning = (await runningPid(flags)) !== null;
  if (flags.json) return printJson({ key, value: value ?? null, source, restartNeeded: isRunning });
  print(
    `${key} ${colors.dim('=')} ${textOf(value)}${source === 'environment' ? colors.yellow(' (overridden by the environment)') : ''}`,
    ...(isRunning
      ? [colors.dim('the node runs with the value it started with: this takes effect at the next start')]
      : []),
  );
}

async function listAction(flags: HomeOptions & { explain?: boolean }): Promise<void> {
  const { config, sources, path } = await configOf(flags);
  const values = CONFIG.fields.map((field) => ({
    key: field.key,
    value: valueAt(config, field.path) ?? null,
    source: sources.get(field.key) ?? 'default',
    variable: field.variable,
    description: CONFIG.descriptions[field.key] ?? '',
  }));
  if (flags.json) return printJson({ path, values });
  const lines = values.flatMap(({ key, value, source, variable, description }) => {
    const text = textOf(value);
    const line = `${key.padEnd(36)} ${(source === 'default' ? colors.dim : String)(text)}`;
    if (!flags.explain) return source === 'default' ? [line] : [`${line} ${colors.dim(`(${source})`)}`];
    return [line, colors.dim(wrap(`    ${description} ${variable}`, 4)), ''];
  });
  print(...lines, colors.dim(`${flags.explain ? '' : '\n'}${path}`));
}

function valueAt(config: NodeConfig, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    config,
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
