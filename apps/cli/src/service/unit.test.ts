import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../environment/exit.ts';
import { type UnitOptions, unitText } from './unit.ts';

const options: UnitOptions = {
  program: [process.execPath, '/bin/true'],
  home: '/var/lib/chorus',
  scope: 'system',
  user: 'root',
  passwordFile: '/etc/chorus/password',
  memoryMax: '4G',
  shutdownSeconds: 20,
};

/** A setting of a unit; the last one counts. */
const setting = (unit: string, name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].at(-1)?.[1];

/**
 * What systemd makes of a service that always ends with `code` after `seconds` (systemd.service(5), Restart=;
 * systemd.unit(5), StartLimitIntervalSec=): how many starts there are in this number of seconds, and whether systemd
 * goes on.
 */
function simulate(unit: string, code: number, seconds: number, within: number) {
  const number = (name: string, otherwise: number) => Number(setting(unit, name) ?? otherwise);
  const [interval, burst] = [number('StartLimitIntervalSec', 10), number('StartLimitBurst', 5)];
  const prevented = (setting(unit, 'RestartPreventExitStatus') ?? '').split(' ').map(Number);
  const restarts =
    setting(unit, 'Restart') === 'always' || (setting(unit, 'Restart') === 'on-failure' && code !== 0);
  const starts: number[] = [];
  for (let now = 0; now < within; now += seconds + number('RestartSec', 0.1)) {
    if (interval > 0 && starts.filter((at) => now - at < interval).length >= burst) {
      return { starts: starts.length, goesOn: false };
    }
    starts.push(now);
    if (!restarts || prevented.includes(code)) return { starts: starts.length, goesOn: false };
  }
  return { starts: starts.length, goesOn: true };
}

const analyze = spawnSync('systemd-analyze', ['--version']);

describe('the systemd unit', () => {
  it('the unit passes the password as a credential and never as an argument', () => {
    const unit = unitText(options);
    expect(unit).toContain('LoadCredential=chorus-password:/etc/chorus/password');
    expect(unit).toContain('CHORUS_PASSWORD_FILE=%d/chorus-password');
    expect(unit).toMatch(/^ExecStart=.* start --home \/var\/lib\/chorus$/m);
    expect(unitText({ ...options, passwordFile: null })).not.toContain('PASSWORD');
  });

  it('systemd restarts the node without limit if something it needs is missing, and never if a restart cannot help', () => {
    const unit = unitText(options);
    for (const seconds of [0, 1, 5, 60]) {
      for (const code of [EXIT.unavailable, EXIT.failed, EXIT.internal, EXIT.inputOutput, EXIT.later, 137]) {
        const { starts, goesOn } = simulate(unit, code, seconds, 6 * 3600);
        expect({ code, seconds, goesOn }).toEqual({ code, seconds, goesOn: true });
        expect(starts).toBeLessThanOrEqual((6 * 3600) / 15);
      }
    }
    for (const code of [EXIT.ok, EXIT.usage, EXIT.permission, EXIT.config]) {
      expect(simulate(unit, code, 1, 3600)).toEqual({ starts: 1, goesOn: false });
    }
    // Control of the simulation: with five starts in five minutes, systemd gives up within one.
    const limited = unit
      .replace('StartLimitIntervalSec=0', 'StartLimitIntervalSec=300\nStartLimitBurst=5')
      .replace(/^RestartSec=.*$/m, 'RestartSec=5');
    expect(simulate(limited, EXIT.unavailable, 5, 3600)).toEqual({ starts: 5, goesOn: false });
  });

  it('the unit waits longer than the node takes, and lets it write only its own folders', () => {
    const unit = unitText(options);
    expect(unit).toContain('TimeoutStopSec=30');
    expect(unit).toContain('ProtectSystem=strict\nReadWritePaths=/var/lib/chorus\n');
    // The cache of the user it runs as, not of the user who installs it.
    expect(unit).toContain('CacheDirectory=chorus\nEnvironment=XDG_CACHE_HOME=%C\n');
    expect(unit).toContain('NoNewPrivileges=yes');
    expect(unit).toContain('MemoryMax=4G');
    expect(unit).toContain('OOMPolicy=continue');
  });

  it('the unit quotes paths, and refuses a path that could begin another line', () => {
    const unit = unitText({ ...options, home: '/var/lib/my $node 100%', program: ['/opt/a b/node'] });
    expect(unit).toContain('ExecStart="/opt/a b/node" start --home "/var/lib/my $$node 100%%"');
    expect(unit).toContain('ReadWritePaths="/var/lib/my $node 100%%"\n');
    expect(() => unitText({ ...options, home: '/x\nUser=root' })).toThrow(/control characters/);
  });

  it.skipIf(analyze.status !== 0)(
    'systemd-analyze accepts the unit (skipped if it is not installed)',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'chorus-unit-'));
      try {
        const path = join(folder, 'chorus.service');
        for (const scope of ['system', 'user'] as const) {
          await writeFile(path, unitText({ ...options, scope }));
          const env = { ...process.env, XDG_RUNTIME_DIR: folder };
          const args = scope === 'user' ? ['--user', 'verify', path] : ['verify', path];
          const { status, stderr } = spawnSync('systemd-analyze', args, { env, encoding: 'utf8' });
          expect({ scope, status, stderr: stderr.includes('chorus.service') ? stderr : '' }).toEqual({
            scope,
            status: 0,
            stderr: '',
          });
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
