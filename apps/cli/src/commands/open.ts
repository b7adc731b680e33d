import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { connectNode, dataDirOf, type HomeOptions, homeOptions } from '../environment/home.ts';
import { addressWithToken, doorOf } from '../node/page-address.ts';
import { print, printJson } from '../output/table.ts';

/** Sends a browser to the page. A browser's arguments can be read by other users of the machine; this file cannot. */
const DOOR_FILE = 'open.html';

/** `chorus open`: shows the web page of the running node. */
export function openCommand(): Command {
  return homeOptions(new Command('open').description('open the web page of the running node'))
    .option('--no-browser', 'only print the address')
    .addHelpText(
      'after',
      '\nThe address lets its holder use the node until it ends: keep it to yourself.' +
        '\n\nExamples:\n  $ chorus open\n  $ chorus open --no-browser',
    )
    .action(async (flags: HomeOptions & { browser: boolean }) => {
      const node = await connectNode(flags);
      // That it still answers: a browser would only say that it does not.
      await node.ready();
      const url = addressWithToken(node.access);
      if (flags.json) return printJson({ url });
      print(url);
      if (!flags.browser) return;
      const door = join(await dataDirOf(flags), DOOR_FILE);
      await writeFileAtomic(door, doorOf(url), { mode: 0o600 });
      showInBrowser(pathToFileURL(door).href);
    });
}

/** Programs that open an address, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Without a browser the printed address is all there is. */
function showInBrowser(url: string): void {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => print('no browser was found here: open the address in one'));
  child.unref();
}
