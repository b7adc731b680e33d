import { type ChildProcess, execFile, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAlive } from '@chorus/utils';

const run = promisify(execFile);
const WIRE = fileURLToPath(new URL('./wire.py', import.meta.url));

/** What a link does to the packets its namespace sends; the rate holds for what it receives as well. */
export interface Shape {
  /** Added to each packet on its way out; a round trip has both ends' delays. */
  delayMs?: number;
  /** Part of the packets that are lost, independently, 0 to 1. */
  loss?: number;
  bitsPerSecond?: number;
}

export interface Link extends Shape {
  /** Put a router before the namespace that hides it (source NAT): no one outside can begin a connection to it. */
  nat?: boolean;
}

export interface LinkStats {
  sent: number;
  lost: number;
  queue_full: number;
  cut: number;
  received: number;
}

/** Names of everything made here begin with this, the process id, and a number. */
const PREFIX = 'chorus';

/**
 * Addresses that libp2p takes for public, so that hole punching and AutoNAT do not skip them. Nothing outside the
 * namespaces is reachable from them, whatever the address.
 */
const PUBLIC = '44.0.0.';

let created = 0;

/**
 * Why network namespaces cannot be used here; null where they can.
 * Needs root, iproute2 and Python 3; nftables where `nat` is used.
 */
export async function whyNoNamespaces({ nat = false } = {}): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [command, name] of [
    ['ip', 'iproute2'],
    ['python3', 'python3'],
    ...(nat ? [['nft', 'nftables']] : []),
  ] as [string, string][]) {
    if (!(await isInstalled(command))) return `${name} is not installed`;
  }
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK);
    const probe = `${PREFIX}-${process.pid}-probe`;
    await run('ip', ['netns', 'add', probe]);
    await run('ip', ['netns', 'del', probe]);
    return null;
  } catch (error) {
    return `namespaces or TUN devices are not permitted here (${(error as Error).message.split('\n')[0]})`;
  }
}

async function isInstalled(command: string): Promise<boolean> {
  return await run('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
}

/**
 * Some network namespaces and the wire between them. Every namespace has one address, reachable from all others
 * through the wire alone.
 *
 * @example
 * const net = await Netns.create({ a: { delayMs: 50 }, b: { nat: true } });
 * const child = net.spawn('a', process.execPath, ['-e', 'console.log(1)']);
 * await net.partition([['a'], ['b']]);
 * await net.close(); // ends what was spawned too
 */
export class Netns {
  readonly #id = `${PREFIX}-${process.pid}-${++created}`;
  readonly #links: Map<string, { address: string; link: Link }>;
  readonly #namespaces: string[] = [];
  readonly #children = new Set<ChildProcess>();
  readonly #answers = new Map<number, (stats: Record<string, LinkStats> | null) => void>();
  readonly #onExit = () => this.#removeNamespaces();
  #wire: ChildProcess | undefined;
  #asked = 0;

  private constructor(links: Record<string, Link>) {
    this.#links = new Map(
      Object.entries(links).map(([name, link], i) => [name, { link, address: `${PUBLIC}${i + 1}` }]),
    );
  }

  /** Make namespaces by these names (short: at most 8 letters). */
  static async create(links: Record<string, Link>): Promise<Netns> {
    await sweep();
    const net = new Netns(links);
    process.once('exit', net.#onExit);
    try {
      await net.#start();
      return net;
    } catch (error) {
      await net.close();
      throw error;
    }
  }

  /** The address others see of a namespace; behind a NAT, that of its router. */
  address(name: string): string {
    return this.#of(name).address;
  }

  /** The address a namespace has on its own interface. */
  localAddress(name: string): string {
    return this.#of(name).link.nat ? '192.168.77.2' : this.address(name);
  }

  /** Start a process inside a namespace. */
  spawn(name: string, command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.#namespace(name), command, ...args], options);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Cut the wire between these groups; a namespace of no group still reaches all. */
  async partition(groups: string[][]): Promise<void> {
    const named = groups.flatMap((names, group) => names.map((name) => [name, group] as const));
    for (const [name] of named) this.#of(name);
    await this.#ask({ groups: Object.fromEntries(named) });
  }

  async heal(): Promise<void> {
    await this.#ask({ groups: {} });
  }

  async shape(name: string, shape: Shape): Promise<void> {
    this.#of(name);
    await this.#ask({ shape: { name, ...shape } });
  }

  async stats(): Promise<Record<string, LinkStats>> {
    return (await this.#ask({ stats: true })) ?? {};
  }

  /** End everything that was spawned here, and remove the namespaces. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => ended(child, () => child.kill('SIGKILL'))));
    const wire = this.#wire;
    if (wire) await ended(wire, () => wire.stdin?.end());
    this.#removeNamespaces();
    process.removeListener('exit', this.#onExit);
  }

  async #start(): Promise<void> {
    for (const name of this.#links.keys()) await this.#addNamespace(this.#namespace(name));
    for (const [name, { link }] of this.#links) if (link.nat) await this.#addNamespace(this.#router(name));
    await this.#startWire();
    for (const [name, { address, link }] of this.#links) {
      const outer = link.nat ? this.#router(name) : this.#namespace(name);
      await ip(outer, 'addr', 'add', `${address}/24`, 'dev', 'tun0');
      await ip(outer, 'link', 'set', 'tun0', 'up', 'mtu', '1500');
      if (link.nat) await this.#connectRouter(name);
    }
  }

  async #addNamespace(namespace: string): Promise<void> {
    await run('ip', ['netns', 'add', namespace]);
    this.#namespaces.push(namespace);
    await ip(namespace, 'link', 'set', 'lo', 'up');
  }

  /** A home router: masquerades what comes from inside, and lets in only what belongs to it. */
  async #connectRouter(name: string): Promise<void> {
    const [inner, router] = [this.#namespace(name), this.#router(name)];
    await ip(inner, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'lan0', 'netns', router);
    await ip(inner, 'addr', 'add', '192.168.77.2/24', 'dev', 'eth0');
    await ip(inner, 'link', 'set', 'eth0', 'up');
    await ip(router, 'addr', 'add', '192.168.77.1/24', 'dev', 'lan0');
    await ip(router, 'link', 'set', 'lan0', 'up');
    await ip(inner, 'route', 'add', 'default', 'via', '192.168.77.1');
    const rules = `
      table ip nat { chain out { type nat hook postrouting priority 100; oifname "tun0" masquerade; }; };
      table ip filter { chain forwarding { type filter hook forward priority 0; policy drop;
        iifname "lan0" accept; ct state established,related accept; }; };`;
    const exec = (...args: string[]) => run('ip', ['netns', 'exec', router, ...args]);
    await exec('nft', rules);
    await exec('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  }

  async #startWire(): Promise<void> {
    const wire = spawn('python3', [WIRE], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#wire = wire;
    let complaint = '';
    wire.stderr.on('data', (text) => {
      complaint = (complaint + text).slice(-2000);
    });
    const ready = new Promise<void>((resolve, reject) => {
      this.#answers.set(0, () => resolve());
      wire.once('exit', () => reject(new Error(`the wire ended: ${complaint}`)));
    });
    createInterface({ input: wire.stdout }).on('line', (line) => {
      const { id, stats } = JSON.parse(line) as { id: number; stats: Record<string, LinkStats> | null };
      this.#answers.get(id)?.(stats);
      this.#answers.delete(id);
    });
    const links = [...this.#links].map(
      ([
        name,
        {
          address,
          link: { nat, ...shape },
        },
      ]) => ({
        name,
        address,
        netns: nat ? this.#router(name) : this.#namespace(name),
        ...shape,
      }),
    );
    wire.stdin.write(`${JSON.stringify({ links })}\n`);
    await ready;
  }

  async #ask(command: object): Promise<Record<string, LinkStats> | null> {
    const id = ++this.#asked;
    const answer = new Promise<Record<string, LinkStats> | null>((resolve) => this.#answers.set(id, resolve));
    this.#wire?.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    return await answer;
  }

  #of(name: string) {
    const found = this.#links.get(name);
    if (!found) throw new Error(`there is no namespace ${name}`);
    return found;
  }

  #namespace(name: string): string {
    this.#of(name);
    return `${this.#id}-${name}`;
  }

  #router(name: string): string {
    return `${this.#id}-${name}-nat`;
  }

  /** Synchronous, so that it also works while the process ends. */
  #removeNamespaces(): void {
    for (const namespace of this.#namespaces.splice(0)) {
      try {
        execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
      } catch {
        // gone already
      }
    }
  }
}

async function ip(namespace: string, ...args: string[]): Promise<void> {
  await run('ip', ['-n', namespace, ...args]);
}

/** Remove what processes that were killed have left. */
async function sweep(): Promise<void> {
  for (const name of await readdir('/var/run/netns').catch(() => [])) {
    const owner = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (!owner || isAlive(Number(owner))) continue;
    await run('ip', ['netns', 'del', name]).catch(() => undefined);
  }
}

/** Resolves when the child is gone; `end` makes it go. */
async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    end();
  });
}
