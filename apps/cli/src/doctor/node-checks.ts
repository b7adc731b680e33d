import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createAdminClient, readAdmin, type Status } from '@chorus/admin-api';
import { CONFIG_FILE, type Identity, readIdentity, readKeystore, WALLET_KEY_FILE } from '@chorus/node';
import { counted, describeError } from '@chorus/protocol';
import { type NodeConfig, openData } from '@chorus/service-training';
import { loadConfig } from '../environment/node-config.ts';
import { diagnoseChain } from './chain-checks.ts';
import type { Finding } from './checks.ts';

const LEAST_FREE_BYTES = 2e9;

/** Checks of the node of a folder: settings, identity, data, ports, chain. Empty if the folder has no node. */
export async function diagnoseNode(home: string): Promise<Finding[]> {
  const path = join(home, CONFIG_FILE);
  if (!existsSync(path)) {
    return [
      {
        what: 'configuration',
        state: 'off',
        found: `no node in ${home}`,
        todo: 'create one with `chorus init`',
      },
    ];
  }
  let config: NodeConfig;
  try {
    ({ config } = await loadConfig(path, { env: process.env }));
  } catch (error) {
    return [
      { what: 'configuration', state: 'problem', found: describeError(error), todo: 'chorus config list' },
    ];
  }
  const running = await statusOf(config.dataDir);
  const [identity, wallet] = await identityOf(config.dataDir);
  const parts = await Promise.all([
    data(config),
    disk(config),
    ports(config, running),
    running === null ? [] : peers(running),
    diagnoseChain(config, wallet?.address ?? null, home),
  ]);
  return [
    { what: 'configuration', state: 'ok', found: path },
    identity,
    running === null
      ? { what: 'node', state: 'off', found: 'not running', todo: 'chorus start' }
      : { what: 'node', state: 'ok', found: `${running.state}, process ${running.node.pid}` },
    ...parts.flat(),
  ];
}

async function statusOf(dataDir: string): Promise<Status | null> {
  try {
    return await createAdminClient(await readAdmin(dataDir)).status();
  } catch {
    return null;
  }
}

async function identityOf(dataDir: string): Promise<[Finding, Identity | null]> {
  const what = 'identity';
  try {
    const identity = await readIdentity(dataDir);
    if (identity && (await readKeystore(dataDir)) !== null) {
      return [
        { what, state: 'ok', found: `${identity.did}; both signatures hold, the wallet is encrypted` },
        identity,
      ];
    }
    if (existsSync(join(dataDir, WALLET_KEY_FILE))) {
      return [
        { what, state: 'ok', found: 'a development key, not encrypted: only for development chains' },
        null,
      ];
    }
    return [{ what, state: 'problem', found: 'no wallet', todo: 'chorus init, or chorus keys import' }, null];
  } catch (error) {
    return [{ what, state: 'problem', found: describeError(error), todo: 'restore it from a backup' }, null];
  }
}

async function data({ dataDir, training, limits }: NodeConfig): Promise<Finding> {
  const { roles, data: name } = training;
  const what = 'data';
  if (!roles.some((role) => role !== 'aggregator'))
    return { what, state: 'off', found: 'its roles need none' };
  try {
    const {
      count,
      inputShape,
      classes,
      name: found,
    } = await openData(dataDir, name, {}, { quotaBytes: limits.disk });
    return {
      what,
      state: 'ok',
      found: `${name ?? found}: ${counted(count, 'sample')} of ${inputShape.join('x')}, ${counted(classes, 'class', 'classes')}`,
    };
  } catch (error) {
    return { what, state: 'problem', found: describeError(error), todo: 'chorus data add NAME PATH' };
  }
}

async function disk({ dataDir, limits }: NodeConfig): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  const least = limits.disk ?? LEAST_FREE_BYTES;
  const found = `${(free / 1e9).toFixed(1)} GB free for ${dataDir}`;
  return free >= Math.min(least, LEAST_FREE_BYTES)
    ? { what: 'data folder', state: 'ok', found }
    : { what: 'data folder', state: 'problem', found, todo: 'free some, or move the folder' };
}

/** Whether the ports are available, and whether other nodes can reach them. */
async function ports({ network }: NodeConfig, running: Status | null): Promise<Finding[]> {
  const fixed = network.listen.flatMap((address) => {
    const match = /^\/ip[46]\/([^/]+)\/(tcp|udp)\/(\d+)/.exec(address);
    return match && match[3] !== '0' ? [{ host: match[1]!, kind: match[2]!, port: Number(match[3]) }] : [];
  });
  const findings = await Promise.all(
    fixed.map(async ({ host, kind, port }): Promise<Finding> => {
      const what = `port ${kind} ${port}`;
      if (running) return { what, state: 'ok', found: 'in use by the node' };
      const busy = await (kind === 'tcp' ? tcpFault(host, port) : udpFault(host, port));
      return busy === null
        ? { what, state: 'ok', found: 'free' }
        : {
            what,
            state: 'problem',
            found: busy,
            todo: 'stop the program that uses it, or change network.listen',
          };
    }),
  );
  return [...findings, reach(network, running)];
}

async function tcpFault(host: string, port: number): Promise<string | null> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    server.close();
  }
}

async function udpFault(host: string, port: number): Promise<string | null> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.close();
  }
}

/** RFC 1918, link-local, carrier-grade NAT (RFC 6598), documentation (RFC 5737), unique local, loopback. */
const PRIVATE =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80|::1)/i;

function reach(network: NodeConfig['network'], running: Status | null): Finding {
  const what = 'reach';
  if (network.listen.every((address) => /^\/ip[46]\/(127\.|::1)/.test(address))) {
    return {
      what,
      state: 'off',
      found: 'only this machine can reach it',
      todo: 'to let others reach it, add /ip4/0.0.0.0/... to network.listen',
    };
  }
  const relayed = running?.network.addresses.some((address) => address.includes('/p2p-circuit'));
  const seen = running?.network.addresses.map((address) => address.split('/')[2] ?? '') ?? [];
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  const open = [...seen, ...own].find(
    (address) => !PRIVATE.test(address) && address !== '0.0.0.0' && address !== '::',
  );
  if (open)
    return { what, state: 'ok', found: `a public address: ${open}; check that no firewall blocks the port` };
  if (relayed) return { what, state: 'ok', found: 'behind a NAT, reachable through a relay' };
  const ways = [
    network.upnp ? 'UPnP' : null,
    network.relayClient ? 'relays' : null,
    network.holePunching ? 'hole punching' : null,
  ].filter((way) => way !== null);
  return ways.length > 0
    ? { what, state: 'ok', found: `only private addresses: behind a NAT; ${ways.join(', ')} will be tried` }
    : {
        what,
        state: 'problem',
        found: 'only private addresses: behind a NAT, and no way around it is on',
        todo: 'forward the port, or chorus config set network.relayClient true',
      };
}

function peers({ network, warnings }: Status): Finding[] {
  const connected: Finding =
    network.peers > 0
      ? { what: 'peers', state: 'ok', found: `${network.peers} connected` }
      : {
          what: 'peers',
          state: 'problem',
          found: 'not connected to any peer',
          todo: 'check network.bootstrap, and that this machine is online',
        };
  return [
    connected,
    ...warnings.slice(0, 5).map(
      ({ message, hint }): Finding => ({
        what: 'warning',
        state: 'problem',
        found: message,
        ...(hint === null ? {} : { todo: hint }),
      }),
    ),
  ];
}
