import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Prints the packages that a program has loaded, when it ends. */
const TRACE = `
import { registerHooks } from 'node:module';
const seen = new Set();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const name = /node_modules\\/(?:\\.pnpm\\/[^/]+\\/node_modules\\/)?((?:@[^/]+\\/)?[^/]+)/.exec(found.url)?.[1];
    if (name) seen.add(name);
    const own = /packages\\/([a-z-]+)\\/src\\/(.*)/.exec(found.url);
    if (own) seen.add('packages/' + own[1] + '/' + own[2]);
    return found;
  },
});
process.on('exit', () => process.stderr.write('\\nLOADED ' + JSON.stringify([...seen]) + '\\n'));
`;

it('`chorus why` loads neither libp2p nor the node, its log or its HTTP server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chorus-light-'));
  try {
    const trace = join(folder, 'trace.mjs');
    writeFileSync(trace, TRACE);
    const { stderr } = spawnSync(
      process.execPath,
      ['--conditions=@chorus/source', '--import', trace, PROGRAM, 'why', '1', '1'],
      { encoding: 'utf8', env: { ...process.env, CHORUS_HOME: folder, XDG_DATA_HOME: folder } },
    );
    expect(stderr).toContain('E_USAGE');
    const loaded = JSON.parse(/LOADED (.*)/.exec(stderr)![1]!) as string[];
    expect(loaded).toContain('ethers');
    const heavy = ['libp2p', '@libp2p/gossipsub', '@helia/bitswap', 'hono', '@hono/node-server', 'pino'];
    expect(loaded.filter((name) => heavy.includes(name))).toEqual([]);
    const node = loaded.filter((name) => name.startsWith('packages/node/'));
    // Only what reads the configuration.
    expect(node.filter((name) => !/^packages\/node\/(config|utils)\//.test(name))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
