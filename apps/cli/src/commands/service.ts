import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { givenPath, shellWord } from '../environment/environment.ts';
import { configOf, type HomeOptions, homeOf, homeOptions } from '../environment/home.ts';
import { print, printJson } from '../output/table.ts';
import { unitText } from '../service/unit.ts';

interface ServiceFlags extends HomeOptions {
  system?: boolean;
  user?: string;
  passwordFile?: string;
  memory?: string;
  enable?: boolean;
}

const run = promisify(execFile);

/** Memory of a node if the user names no limit. */
const MEMORY_MAX = '4G';
const UNIT = 'chorus.service';

/** `chorus service`: the node as a service of systemd. */
export function serviceCommand(): Command {
  const printUnit = unitOptions(new Command('print').description('print the systemd unit'))
    .addHelpText('after', '\nExample:\n  $ chorus service print --system --user chorus')
    .action(async (flags: ServiceFlags) => {
      const unit = await unitOf(flags);
      if (flags.json) printJson({ path: unitPath(flags), unit });
      else process.stdout.write(unit);
    });
  const install = unitOptions(
    new Command('install').description('write the unit, and with --enable start it now and at every boot'),
  )
    .option('--enable', 'enable and start it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus service install --password-file ~/.chorus-password --enable\n' +
        '  $ sudo chorus service install --system --user chorus --home /var/lib/chorus --password-file /etc/chorus/password',
    )
    .action(installAction);
  const uninstall = homeOptions(new Command('uninstall').description('stop the service and remove its unit'))
    .option('--system', "the system's unit instead of this user's")
    .addHelpText('after', '\nExample:\n  $ chorus service uninstall')
    .action(uninstallAction);
  return new Command('service')
    .description('run the node as a systemd service with minimal permissions')
    .addCommand(install)
    .addCommand(uninstall)
    .addCommand(printUnit);
}

function unitOptions(command: Command): Command {
  return homeOptions(command)
    .option('--system', 'use a unit of the system, not of this user')
    .option('--user <name>', 'with --system: user that the service runs as')
    .option('--password-file <file>', "file with the wallet's password, readable by its owner alone")
    .option('--memory <size>', `memory limit, such as 2G (limits.memory, else ${MEMORY_MAX})`);
}

async function unitOf(flags: ServiceFlags): Promise<string> {
  const { config } = await configOf(flags);
  const home = homeOf(flags);
  const memory = config.limits.memory;
  if (flags.memory !== undefined && !/^\d{1,6}[KMGT]?$/.test(flags.memory)) {
    throw new ChorusError('E_USAGE', '--memory takes a size such as 2G', { facts: { given: flags.memory } });
  }
  const passwordFile = flags.passwordFile === undefined ? null : await passwordFileOf(flags.passwordFile);
  return unitText({
    program: [process.execPath, ...process.execArgv, resolve(process.argv[1]!)],
    home,
    scope: flags.system ? 'system' : 'user',
    user: flags.user ?? userInfo().username,
    passwordFile,
    // Headroom above the node's own limit, which the node itself enforces.
    memoryMax: flags.memory ?? (memory === undefined ? MEMORY_MAX : `${Math.ceil((memory * 1.25) / 1e6)}M`),
    shutdownSeconds: config.shutdownSeconds,
  });
}

async function passwordFileOf(path: string): Promise<string> {
  const full = resolve(givenPath(path, '--password-file'));
  const info = await stat(full).catch((cause: NodeJS.ErrnoException) => {
    throw new ChorusError('E_PASSWORD_MISSING', 'cannot read the password file', {
      facts: { path: full, reason: cause.code },
      hint: `write the wallet's password into it, in one line, and run chmod 600 ${shellWord(full)}; or correct the path`,
      cause,
    });
  });
  if ((info.mode & 0o077) === 0) return full;
  throw new ChorusError('E_PASSWORD_MISSING', 'others may read the password file', {
    facts: { path: full },
    hint: `run chmod 600 ${shellWord(full)}`,
  });
}

function unitPath({ system }: ServiceFlags): string {
  return system
    ? join('/etc/systemd/system', UNIT)
    : join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'systemd', 'user', UNIT);
}

async function installAction(flags: ServiceFlags): Promise<void> {
  const path = unitPath(flags);
  const unit = await unitOf(flags);
  await makeFolder(dirname(path));
  await writeFileAtomic(path, unit, { mode: 0o644 }).catch((cause) => {
    throw new ChorusError('E_SERVICE', 'cannot write the unit', {
      facts: { path },
      hint: 'a unit of the system needs root',
      cause,
    });
  });
  if (flags.enable) {
    await systemctl(flags, 'daemon-reload').catch((error) => byHand(error, flags));
    await systemctl(flags, 'enable', '--now', UNIT).catch((error) => byHand(error, flags));
  }
  if (flags.json) return printJson({ path, enabled: flags.enable ?? false });
  print(
    `${path} is written`,
    ...(flags.enable
      ? [`it runs: systemctl${scopeOf(flags)} status chorus`]
      : [`start it now and at every boot: ${startCommand(flags)}`]),
    ...(flags.passwordFile ? [] : ['no password file is given: the service cannot open an encrypted wallet']),
    ...(flags.system ? [] : ['to keep it running while you are logged out: loginctl enable-linger']),
  );
}

async function uninstallAction(flags: ServiceFlags): Promise<void> {
  const path = unitPath(flags);
  if (!existsSync(path)) {
    throw new ChorusError('E_SERVICE', 'the service is not installed', {
      facts: { path },
      hint: flags.system
        ? 'install it with `chorus service install --system`, or leave out --system for the unit of this user'
        : 'install it with `chorus service install`, or add --system for the unit of the system',
    });
  }
  // The service may be stopped, and systemd may be absent: remove the unit anyway.
  const stopped = await systemctl(flags, 'disable', '--now', UNIT).then(
    () => true,
    () => false,
  );
  await rm(path);
  if (stopped) await systemctl(flags, 'daemon-reload');
  if (flags.json) printJson({ removed: path, stopped });
  else print(`${path} is removed${stopped ? '' : '; systemd did not answer, so a running node goes on'}`);
}

const scopeOf = ({ system }: ServiceFlags) => (system ? '' : ' --user');

/** What starts a written unit. */
function startCommand(flags: ServiceFlags): string {
  const systemctl = `systemctl${scopeOf(flags)}`;
  return `${systemctl} daemon-reload && ${systemctl} enable --now chorus`;
}

/** The unit is written, but systemd has not started it. */
function byHand(error: ChorusError, flags: ServiceFlags): never {
  throw new ChorusError(error.code, error.message, {
    facts: { ...error.facts, unit: unitPath(flags) },
    hint:
      `the unit is written; once systemd answers, start it: ${startCommand(flags)}. ` +
      'Without systemd, run `chorus start` in a terminal, or by another supervisor',
    cause: error,
  });
}

/** @throws ChorusError `E_SERVICE` with what systemctl said */
async function systemctl(flags: ServiceFlags, ...args: string[]): Promise<void> {
  const { system } = flags;
  await run('systemctl', [...(system ? [] : ['--user']), ...args], { timeout: 120_000 }).catch((cause) => {
    throw new ChorusError('E_SERVICE', 'systemctl failed', {
      facts: {
        command: `systemctl${scopeOf(flags)} ${args.join(' ')}`,
        said: String(cause.stderr ?? cause.message)
          .trim()
          .slice(0, 300),
      },
      cause,
    });
  });
}
