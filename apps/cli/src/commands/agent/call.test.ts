import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { outcomeOf, startChorus } from '../../testing/chorus-process.ts';
import { obedientAgent } from '../../testing/obedient-agent.ts';
import { runChorus } from '../../testing/run-chorus.ts';
import { type ServedAgent, serveOverHttp } from '../../testing/served-agent.ts';

const { executor, state } = obedientAgent();
let folder: string;
let http: ServedAgent;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-call-'));
  http = await serveOverHttp(executor);
});
afterAll(async () => {
  await http?.close();
  await rm(folder, { recursive: true, force: true });
});

const surroundings = () => ({
  cwd: folder,
  env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, 'data'), CHORUS_HOME: '' },
});
const start = (args: readonly string[], input?: string) =>
  startChorus(['agent', 'call', ...args], surroundings(), input);
const call = (...args: string[]) => runChorus(['agent', 'call', ...args], surroundings());
const SAID = 'you said \ufffd[31m';

describe('chorus agent call over HTTP', () => {
  it('an answer is printed without what steers a terminal, and who signed it is said apart', async () => {
    const { code, stdout, stderr } = await call(http.target, 'hello');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${SAID}hello\n` });
    expect(stderr).toMatch(/^agent: Echo \ufffd\[31m, signed by did:key:z6Mk\w+$/m);
    expect(stderr).toContain(`go on with --context ${state.seen.at(-1)!.contextId}`);
  });

  it('with --json one document is printed, of task, answer and card', async () => {
    const { code, stdout } = await call(http.target, 'data', '--json');
    expect({ code, answer: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      answer: {
        taskId: state.seen.at(-1)!.taskId,
        contextId: state.seen.at(-1)!.contextId,
        state: 'completed',
        text: '',
        data: [{ name: 'label', value: { label: 'dog' } }],
        files: [{ name: 'a.png', mediaType: 'image/png', bytes: 3 }],
        card: { did: expect.stringMatching(/^did:key:z6Mk/), url: http.target },
      },
    });
  });

  it('a receipt that could not be kept is refused before the agent is asked', async () => {
    const asked = state.seen.length;
    const { code, stderr } = await call(http.target, 'hello', '--receipt', folder);
    expect({ code, asked: state.seen.length }).toEqual({ code: 64, asked });
    expect(stderr).toContain('--receipt is a folder');
  });

  it('a folder that is given for a file to attach is named', async () => {
    const { code, stderr } = await call(http.target, 'hello', '--file', folder);
    expect(code).toBe(65);
    expect(stderr).toContain(`a folder cannot be attached (path=${folder})`);
  });

  it('data is printed if the answer has no text, and files are named', async () => {
    const { stdout, stderr } = await call(http.target, 'data');
    expect(stdout).toBe('{"label":"dog"}\n');
    expect(stderr).toContain('file, not saved: a.png (image/png, 3 bytes)');
  });

  it('a card that no one has signed is taken, and that is said', async () => {
    const unsigned = await serveOverHttp(executor, { unsigned: true });
    const { code, stdout, stderr } = await call(unsigned.target, 'hello', '--json');
    expect({ code, card: JSON.parse(stdout).card }).toMatchObject({ code: 0, card: { did: null } });
    expect(stderr).toContain('not signed by anyone');
    await unsigned.close();
  });

  it('a file is sent, and a text from standard input', async () => {
    await writeFile(join(folder, 'notes.md'), '# notes');
    expect((await call(http.target, 'read', '--file', 'notes.md')).stdout).toBe(
      `${SAID}read notes.md:text/markdown\n`,
    );
    for (const args of [[http.target], [http.target, '-']]) {
      expect((await outcomeOf(start(args, 'line one\nline two\n'))).stdout).toBe(
        `${SAID}line one\nline two\n`,
      );
    }
    expect(await call(http.target)).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('the message is empty'),
    });
  });

  it('a task that asks is answered by --task and --context', async () => {
    const { code, stdout, stderr } = await call(http.target, 'ask');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'which one?\n' });
    const [, context, task] = / --context (\S+) --task (\S+)/.exec(stderr)!;
    const next = await call(http.target, 'that one', '--context', context!, '--task', task!, '--json');
    expect(JSON.parse(next.stdout)).toMatchObject({ taskId: task, contextId: context, state: 'completed' });
  });

  it.each([
    ['fail', 'E_A2A_TASK_FAILED', 'failed'],
    ['reject', 'E_A2A_REFUSED', 'rejected'],
  ])('a task that ends with %s ends the command with 1', async (text, error, state) => {
    const { code, stdout, stderr } = await call(http.target, text, '--json');
    expect({ code, state: JSON.parse(stdout).state }).toEqual({ code: 1, state });
    expect(stderr).toContain(error);
    expect(stderr).not.toContain('\u001b[8m');
    expect(stderr).not.toContain('internal detail');
  });

  it('an interrupt cancels the task at the agent', async () => {
    const before = state.aborted;
    const child = start([http.target, 'hang']);
    child.stdout!.on('data', () => child.kill('SIGINT'));
    expect(await outcomeOf(child)).toMatchObject({ code: 130, stdout: 'one moment\n' });
    await vi.waitFor(() => expect(state.aborted).toBe(before + 1));
  });

  it('--timeout cancels the task at the agent', async () => {
    const { code, stderr } = await call(http.target, 'hang', '--timeout', '1');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('E_A2A_TIME') });
    // A machine that needs the second for connecting has no task to cancel.
    await vi.waitFor(() =>
      expect(state.seen.filter(({ message }) => message.text === 'hang')).toHaveLength(state.aborted),
    );
  });

  it('an agent that is not there, and a wrong option, end with their own codes', async () => {
    expect(await call('http://127.0.0.1:9/', 'hello')).toMatchObject({ code: 69, stdout: '' });
    expect(await call('guide.yaml', 'hello')).toMatchObject({ code: 64, stdout: '' });
    expect(await call(http.target, 'hello', '--timeout', '0')).toMatchObject({ code: 64 });
  });
});
