import { resolve } from 'node:path';
import { journalOwner } from '@chorus/node';
import { ChorusError, counted } from '@chorus/protocol';
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
    "write a backup of a stopped node: keys, wallet (encrypted), configuration and state, without other nodes' blocks",
  );
  return homeOptions(command)
    .requiredOption('-o, --output <file>', 'file to write (tar.gz); an existing file is not overwritten')
    .option('--with-blocks', 'also include blocks of models and payloads, which other nodes can provide')
    .addHelpText('after', '\nExample:\n  $ chorus stop; chorus export -o node.tar.gz')
    .action(exportAction);
}

/** `chorus import`: restores a node from a backup. */
export function importCommand(): Command {
  return homeOptions(new Command('import').description('restore a node from a backup into a new folder'))
    .argument('<file>', 'backup that `chorus export` wrote')
    .addHelpText('after', '\nExample:\n  $ chorus import node.tar.gz --home ~/.chorus')
    .action(importAction);
}

async function exportAction(flags: HomeOptions & { output: string; withBlocks?: boolean }): Promise<void> {
  const dataDir = await dataDirOf(flags);
  if (dataDir !== homeOf(flags)) {
    throw new ChorusError('E_CONFIG', 'dataDir is another folder: a backup holds one folder', {
      facts: { home: homeOf(flags), dataDir },
      hint: 'move config.yaml into the data folder, and give that folder as --home',
    });
  }
  // A node may run without its admin API.
  const pid = (await runningPid(flags)) ?? journalOwner(dataDir);
  if (pid !== null) {
    throw new ChorusError('E_NODE_BUSY', 'the node is running: its files change', {
      facts: { pid },
      hint: 'stop it first: chorus stop',
    });
  }
  const output = resolve(flags.output);
  const manifest = await exportNode({ dataDir, output, withBlocks: flags.withBlocks ?? false });
  if (flags.json) return printJson({ path: output, ...summary(manifest) });
  print(
    ...describe(manifest, [['file', output]]),
    '',
    'The backup holds the libp2p key unencrypted: store it where only you can read it. Its wallet needs the password.',
  );
}

async function importAction(file: string, flags: HomeOptions): Promise<void> {
  const home = homeOf(flags);
  const manifest = await importNode(resolve(file), home);
  if (flags.json) return printJson({ home, ...summary(manifest) });
  print(
    ...describe(manifest, [['folder', home]]),
    '',
    'Every file is restored. Do not run two nodes with the same keys: stop the old one.',
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
      ['holds', `${counted(manifest.files.length, 'file')}, ${bytes(totalBytes(manifest))}`],
    ]),
  ];
}
