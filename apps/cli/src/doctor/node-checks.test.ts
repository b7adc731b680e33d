import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_FILE } from '@chorus/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderConfig } from '../environment/node-config.ts';
import { diagnoseNode } from './node-checks.ts';

let home: string;
let busy: Server;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chorus-doctor-'));
  busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  busy.close();
  await rm(home, { recursive: true, force: true });
});

const port = () => (busy.address() as AddressInfo).port;

/** A configuration whose chain no one serves. */
const configure = (values: Record<string, unknown> = {}) =>
  writeFile(
    join(home, CONFIG_FILE),
    renderConfig({
      'training.roles': ['trainer'],
      'chain.url': 'http://127.0.0.1:1',
      'chain.contract': `0x${'12'.repeat(20)}`,
      'network.listen': ['/ip4/127.0.0.1/tcp/0'],
      ...values,
    }),
  );

async function of(what: string) {
  return (await diagnoseNode(home)).find((finding) => finding.what === what);
}

describe('the checks of a node', () => {
  it('say how to create a node in an empty folder, and nothing else', async () => {
    expect(await diagnoseNode(home)).toEqual([
      expect.objectContaining({
        what: 'configuration',
        state: 'off',
        todo: expect.stringContaining('chorus init'),
      }),
    ]);
  });

  it('end at a configuration that cannot be read, with the line that is wrong', async () => {
    await writeFile(join(home, CONFIG_FILE), 'training: { rolls: [trainer] }\n');
    const findings = await diagnoseNode(home);
    expect(findings).toMatchObject([{ what: 'configuration', state: 'problem' }]);
    expect(findings[0]!.found).toContain('rolls');
  });

  it('find that the node does not run, and has no wallet', async () => {
    await configure();
    expect(await of('node')).toMatchObject({ state: 'off', todo: 'chorus start' });
    expect(await of('identity')).toMatchObject({ state: 'problem', found: 'no wallet' });
  });

  it('want data of a trainer, and none of an aggregator', async () => {
    await configure();
    expect(await of('data')).toMatchObject({
      state: 'problem',
      todo: expect.stringContaining('chorus data add'),
    });
    await configure({ 'training.roles': ['aggregator'] });
    expect(await of('data')).toMatchObject({ state: 'off' });
  });

  it('find a port that another program uses, and pass over one that the system chooses', async () => {
    await configure({ 'network.listen': [`/ip4/127.0.0.1/tcp/${port()}`, '/ip4/127.0.0.1/tcp/0'] });
    const ports = (await diagnoseNode(home)).filter(({ what }) => what.startsWith('port'));
    expect(ports).toMatchObject([{ what: `port tcp ${port()}`, state: 'problem' }]);
  });

  it('find that a UDP port with the number of a busy TCP port is free', async () => {
    await configure({ 'network.listen': [`/ip4/127.0.0.1/udp/${port()}/quic-v1`] });
    expect(await of(`port udp ${port()}`)).toMatchObject({ state: 'ok', found: 'free' });
  });

  it('say that only this machine can reach a node that listens on its own addresses', async () => {
    await configure();
    expect(await of('reach')).toMatchObject({
      state: 'off',
      todo: expect.stringContaining('network.listen'),
    });
  });

  it('report the chain that does not answer together with all else', async () => {
    await configure();
    const findings = await diagnoseNode(home);
    expect(findings.find(({ what }) => what === 'chain')).toMatchObject({ state: 'problem' });
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['configuration', 'identity', 'node', 'data', 'data folder', 'reach']),
    );
  });
});
