import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { inheritedEnvironment } from './child-process.ts';
import { isAlive } from './is-alive.ts';

afterEach(() => vi.unstubAllEnvs());

describe('another program', () => {
  it('is given the variables that it needs, and no others', () => {
    vi.stubEnv('PATH', '/bin');
    vi.stubEnv('LC_ALL', 'C');
    vi.stubEnv('LLM_KEY', 'secret');
    vi.stubEnv('MY_PATH', 'secret');
    vi.stubEnv('TERM', 'dumb');
    expect(inheritedEnvironment()).toMatchObject({ PATH: '/bin', LC_ALL: 'C' });
    for (const name of ['LLM_KEY', 'MY_PATH', 'TERM'])
      expect(inheritedEnvironment()).not.toHaveProperty(name);
    expect(inheritedEnvironment(/^TERM$/)).toMatchObject({ PATH: '/bin', TERM: 'dumb' });
    expect(inheritedEnvironment(/^TERM$/)).not.toHaveProperty('LLM_KEY');
  });

  it('ends with this one', async () => {
    const source = JSON.stringify(new URL('./child-process.ts', import.meta.url).href);
    const script = `
      import { spawn } from 'node:child_process';
      import { killOnExit } from ${source};
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
      killOnExit(child);
      console.log(child.pid);
      process.exit(0);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed: Buffer[] = [];
    parent.stdout.on('data', (some: Buffer) => printed.push(some));
    await once(parent, 'close');
    const pid = Number(Buffer.concat(printed).toString());
    expect(pid).toBeGreaterThan(0);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 5_000);
  });
});
