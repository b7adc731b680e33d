import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork, peerIdOfKey } from '@chorus/network';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { outcomeOf, startChorus } from '../../testing/chorus-process.ts';
import { obedientAgent } from '../../testing/obedient-agent.ts';
import { runChorus } from '../../testing/run-chorus.ts';
import { type ServedAgent, serveOverPeers } from '../../testing/served-agent.ts';

const { executor, state } = obedientAgent();
let folder: string;
let peer: ServedAgent;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-call-'));
  peer = await serveOverPeers(executor);
});
afterAll(async () => {
  await peer?.close();
  await rm(folder, { recursive: true, force: true });
});

const surroundings = () => ({
  cwd: folder,
  env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, 'data'), CHORUS_HOME: '' },
});
const start = (args: readonly string[]) => startChorus(['agent', 'call', ...args], surroundings());
const call = (...args: string[]) => runChorus(['agent', 'call', ...args], surroundings());
const SAID = 'you said \ufffd[31m';

describe('chorus agent call over libp2p', () => {
  it('an agent at an address answers, and knows its caller and the conversation again', async () => {
    const first = await outcomeOf(start([peer.target, 'hello', '--json']));
    const answer = JSON.parse(first.stdout);
    expect({ code: first.code, ...answer }).toMatchObject({
      code: 0,
      text: 'you said \u001b[31mhello',
      card: { url: expect.stringMatching(/^libp2p:\/\/k51\w+\/agents\/echo\/$/) },
    });
    expect(first.stdout).not.toContain('\u001b');
    const { caller } = state.seen.at(-1)!;
    expect(caller).toMatch(/^peer:12D3KooW/);
    const second = await call(peer.target, 'again', '--context', answer.contextId);
    expect(second).toMatchObject({ code: 0, stdout: `${SAID}again\n` });
    expect(state.seen.at(-1)).toMatchObject({ caller, contextId: answer.contextId });
    expect(state.seen.at(-1)!.history.map(({ text }) => text)).toContain('hello');
    expect((await stat(join(folder, 'data/chorus/caller.key'))).mode & 0o777).toBe(0o600);
  });

  it('an agent is found by its peer id through another peer, named or of the node on this machine', async () => {
    const hub = await createNetwork({ dht: 'server' });
    const hidden = await serveOverPeers(executor, { bootstrap: hub.multiaddrs() });
    try {
      const at = hub.multiaddrs()[0]!;
      await writeFile(
        join(folder, 'config.yaml'),
        `chain: { url: http://127.0.0.1:1, contract: "0x${'12'.repeat(20)}" }\nnetwork: { bootstrap: [${at}] }\n`,
      );
      for (const through of [
        ['--bootstrap', at],
        ['--home', folder],
      ]) {
        expect(await call(`/p2p/${hidden.peerId}/agents/echo/`, 'hello', ...through)).toMatchObject({
          code: 0,
          stdout: `${SAID}hello\n`,
        });
      }
    } finally {
      await hidden.close();
      await hub.close();
    }
  });

  it('an interrupt cancels the task at the agent', async () => {
    const before = state.aborted;
    const child = start([peer.target, 'hang']);
    child.stdout!.on('data', () => child.kill('SIGINT'));
    expect(await outcomeOf(child)).toMatchObject({ code: 130 });
    await vi.waitFor(() => expect(state.aborted).toBe(before + 1));
  });

  it('a card that another key has signed is refused, and nothing is asked', async () => {
    const false_ = await serveOverPeers(executor, { signer: randomBytes(32) });
    const before = state.seen.length;
    expect(await call(false_.target, 'hello')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('E_A2A_CARD_SIGNATURE'),
    });
    expect(state.seen).toHaveLength(before);
    await false_.close();
  });

  it('another peer at the address is not called', async () => {
    const other = await peerIdOfKey(randomBytes(32));
    const target = peer.target.replace(peer.peerId, other);
    expect(await call(target, 'hello')).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('E_NETWORK_DIAL'),
    });
  });

  it('a peer that no one could find, and half a peer id, are wrong usage', async () => {
    expect(await call(`/p2p/${peer.peerId}/agents/echo/`, 'hello')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--bootstrap'),
    });
    expect(await call(`/p2p/${peer.peerId.slice(0, -4)}/`, 'hello')).toMatchObject({ code: 64 });
  });
});
