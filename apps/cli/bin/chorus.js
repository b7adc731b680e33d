#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it says what is wrong where the real program could not even load.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `chorus needs Node 22.19 or newer, this is ${process.versions.node}.\n` +
      'Run it through the project, which brings its own: npx -y pnpm@10.34.9 --silent chorus <command>\n',
  );
  process.exit(69);
}

// In a checkout the sources run as they are (`--conditions=@chorus/source`); an installed package has `dist`.
const fromSource = process.execArgv.includes('--conditions=@chorus/source');
const entry = new URL(fromSource ? '../src/main.ts' : '../dist/main.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write(
    'chorus is not built here. In a checkout run: npx -y pnpm@10.34.9 --silent chorus <command>\n',
  );
  process.exit(69);
}

// Compiled code is kept between runs: the demo starts eight processes of the same program.
const { default: envPaths } = await import('env-paths');
module.enableCompileCache(join(envPaths('chorus', { suffix: '' }).cache, 'compiled'));
await import(entry.href);
