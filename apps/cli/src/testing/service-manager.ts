import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Outcome, outcomeOf } from './chorus-process.ts';

/** What became of a service: how often it was started, how each run ended, and whether it is given up. */
export interface ServiceLife {
  runs: (Outcome & { signal: NodeJS.Signals | null })[];
  /** `stopped`: it ended as it should, or was stopped; `given up`: no restart, or too many in too short a time. */
  state: 'stopped' | 'given up';
}

/** Ends by these signals are clean (systemd.service(5), SuccessExitStatus=). */
const CLEAN = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'];

/** Processes of services that have not ended. */
const alive = new Set<ChildProcess>();

/** End what a failed test has left. */
export function killServices(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/** Time that a run takes, as the start limit counts it: the least, which meets a limit soonest. */
const RUN_SECONDS = 0;

/**
 * Runs the command of a unit as systemd does, restarts included, without waiting between them: ExecStart=, Environment=,
 * LoadCredential=, Restart=, RestartSec=, RestartPreventExitStatus=, StartLimitIntervalSec= and StartLimitBurst=
 * (systemd.service(5), systemd.unit(5), systemd.exec(5)).
 */
export class ServiceManager {
  readonly #unit: string;
  readonly #folder: string;

  /** @param folder for credentials and caches */
  constructor(unit: string, folder: string) {
    this.#unit = unit;
    this.#folder = folder;
  }

  /** @param running called for each run with its process; it may end it */
  async run(running: (child: ChildProcess, nth: number) => void = () => {}): Promise<ServiceLife> {
    const runs: ServiceLife['runs'] = [];
    const starts: number[] = [];
    const interval = this.#number('StartLimitIntervalSec', 10);
    const burst = this.#number('StartLimitBurst', 5);
    const prevented = (this.#last('RestartPreventExitStatus') ?? '').split(' ').map(Number);
    for (let now = 0; ; now += RUN_SECONDS + this.#number('RestartSec', 0.1)) {
      if (interval > 0 && starts.filter((at) => now - at < interval).length >= burst) {
        return { runs, state: 'given up' };
      }
      starts.push(now);
      const child = await this.#start();
      alive.add(child);
      child.once('close', () => alive.delete(child));
      const ended = outcomeOf(child);
      running(child, starts.length);
      const run = { ...(await ended), signal: child.signalCode };
      runs.push(run);
      const clean = run.code === 0 || CLEAN.includes(run.signal ?? '');
      if (clean && this.#last('Restart') !== 'always') return { runs, state: 'stopped' };
      if (this.#last('Restart') === 'no' || (run.code !== null && prevented.includes(run.code))) {
        return { runs, state: 'given up' };
      }
    }
  }

  async #start(): Promise<ChildProcess> {
    const credentials = join(this.#folder, 'credentials');
    await mkdir(credentials, { recursive: true });
    for (const credential of this.#all('LoadCredential')) {
      const [name, ...path] = credential.split(':');
      const [from] = wordsOf(path.join(':'));
      await copyFile(from!, join(credentials, basename(name!)));
    }
    const environment = this.#all('Environment').map((text) =>
      text.replaceAll('%d', credentials).replaceAll('%C', join(this.#folder, 'cache')),
    );
    const [program, ...args] = wordsOf(this.#last('ExecStart')!).map((word) => word.replaceAll('$$', '$'));
    return spawn(program!, args, {
      // A service has no home, shell or terminal.
      env: {
        PATH: '/usr/bin:/bin',
        ...Object.fromEntries(environment.map((text) => text.split(/=(.*)/s).slice(0, 2))),
      },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #all(name: string): string[] {
    return [...this.#unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);
  }

  #last(name: string): string | undefined {
    return this.#all(name).at(-1);
  }

  #number(name: string, otherwise: number): number {
    return Number(this.#last(name) ?? otherwise);
  }
}

/** Words of a setting, quotes and `%%` resolved (systemd.syntax(7), "Quoting"). */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? plain!).replaceAll('%%', '%'),
  );
}
