import { resolve } from 'node:path';
import { journalOwner } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { exportNode } from '../backup/export.ts';
import { importNode } from '../backup/import.ts';
import type { Manifest } from '../backup/manifest.ts';
import { dataDirOf, type HomeOptions, homeOf, homeOptions, runningPid } from '../environment/home.ts';
import { fields, print, printJson } from '../output/table.ts';
import { bytes } from '../output/units.ts';

/** `chorus export`: a backup of identity and state. */
export function exportCommand(): Command {
  const command = new Command('export').description(
    "write a backup of a node that does not run: keys, wallet (encrypted), configuration and state, without others' blocks",
  );
  return homeOptions(command)
    .requiredOption('-o, --output <file>', 'file to write (tar.gz); one that is there is left alone')
    .option('--with-blocks', 'also the blocks of models and payloads, which can be had from others')
    .addHelpText('after', '\nExample:\n  $ chorus stop; chorus export -o node.tar.gz')
    .action(exportAction);
}

/** `chorus import`: the way back. */
export function importCommand(): Command {
  return homeOptions(
    new Command('import').description('bring a node back from a backup, into a folder that is not there yet'),
  )
    .argument('<file>', 'what `chorus export` wrote')
    .addHelpText('after', '\nExample:\n  $ chorus import node.tar.gz --home ~/.chorus')
    .action(importAction);
}

async function exportAction(flags: HomeOptions & { output: string; withBlocks?: boolean }): Promise<void> {
  const dataDir = await dataDirOf(flags);
  if (dataDir !== homeOf(flags)) {
    throw new ChorusError('E_CONFIG', 'dataDir is elsewhere: a backup is of one folder', {
      facts: { home: homeOf(flags), dataDir },
      hint: 'put config.yaml into the data folder and give that as --home',
    });
  }
  // A node may run without its admin API.
  const pid = (await runningPid(flags)) ?? journalOwner(dataDir);
  if (pid !== null) {
    throw new ChorusError('E_NODE_BUSY', 'the node is running: its files change', {
      facts: { pid },
      hint: 'end it first: chorus stop',
    });
  }
  const output = resolve(flags.output);
  const manifest = await exportNode({ dataDir, output, withBlocks: flags.withBlocks ?? false });
  if (flags.json) return printJson({ path: output, ...summary(manifest) });
  print(
    ...describe(manifest, [['file', output]]),
    '',
    'It holds the libp2p key as it is: keep it where only you can read it. The wallet in it needs its password.',
  );
}

async function importAction(file: string, flags: HomeOptions): Promise<void> {
  const home = homeOf(flags);
  const manifest = await importNode(resolve(file), home);
  if (flags.json) return printJson({ home, ...summary(manifest) });
  print(
    ...describe(manifest, [['folder', home]]),
    '',
    'Every file is as it was. Do not run two nodes with the same keys: the older one must be off.',
  );
}

const totalBytes = ({ files }: Manifest) => files.reduce((sum, file) => sum + file.bytes, 0);

function summary(manifest: Manifest) {
  const { createdAt, node, files } = manifest;
  return { createdAt, node, files: files.length, bytes: totalBytes(manifest) };
}

function describe(manifest: Manifest, first: [string, string][]): string[] {
  return [
    fields([
      ...first,
      ['made', manifest.createdAt],
      ...(manifest.node
        ? ([
            ['peer id', manifest.node.peerId],
            ['wallet', manifest.node.address],
          ] as [string, string][])
        : []),
      ['holds', `${manifest.files.length} files, ${bytes(totalBytes(manifest))}`],
    ]),
  ];
}
