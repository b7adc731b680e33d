import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type UnitOptions, unitText } from './unit.ts';

const options: UnitOptions = {
  program: [process.execPath, '/bin/true'],
  home: '/var/lib/chorus',
  scope: 'system',
  user: 'root',
  passwordFile: '/etc/chorus/password',
  memoryMax: '4G',
  shutdownSeconds: 20,
  cache: '/var/cache/chorus',
};

const analyze = spawnSync('systemd-analyze', ['--version']);

describe('the systemd unit', () => {
  it('hands the password over as a credential and never as an argument', () => {
    const unit = unitText(options);
    expect(unit).toContain('LoadCredential=chorus-password:/etc/chorus/password');
    expect(unit).toContain('CHORUS_PASSWORD_FILE=%d/chorus-password');
    expect(unit).toMatch(/^ExecStart=.* start --home \/var\/lib\/chorus$/m);
    expect(unitText({ ...options, passwordFile: null })).not.toContain('PASSWORD');
  });

  it('waits longer than the node takes, and lets it write its own folders alone', () => {
    const unit = unitText(options);
    expect(unit).toContain('TimeoutStopSec=30');
    expect(unit).toContain('ProtectSystem=strict\nReadWritePaths=/var/lib/chorus /var/cache/chorus\n');
    expect(unit).toContain('NoNewPrivileges=yes');
    expect(unit).toContain('MemoryMax=4G');
    expect(unit).toContain('OOMPolicy=continue');
  });

  it('quotes paths, and takes none that could begin a line of its own', () => {
    const unit = unitText({ ...options, home: '/var/lib/my $node 100%', program: ['/opt/a b/node'] });
    expect(unit).toContain('ExecStart="/opt/a b/node" start --home "/var/lib/my $$node 100%%"');
    expect(unit).toContain('ReadWritePaths="/var/lib/my $node 100%%" /var/cache/chorus');
    expect(() => unitText({ ...options, home: '/x\nUser=root' })).toThrow(/control characters/);
  });

  it.skipIf(analyze.status !== 0)(
    'is accepted by systemd-analyze (skipped where that is not there)',
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
