import { ChorusError } from '@chorus/protocol';
import { EXIT } from '../environment/exit.ts';

export interface UnitOptions {
  /** Command line that starts the program, without its arguments. */
  program: readonly string[];
  home: string;
  /** A unit of the system, with its own user, or of the user who installs it. */
  scope: 'user' | 'system';
  /** User that a unit of the system runs as. */
  user: string;
  /** File with the wallet's password: systemd reads it and passes it on as a credential. */
  passwordFile: string | null;
  /** Memory limit, such as 4G. */
  memoryMax: string;
  /** Time that the node has to finish its step. */
  shutdownSeconds: number;
}

/** Restrictions that a user's own systemd has no right to apply. */
const SYSTEM_ONLY = [
  'CapabilityBoundingSet=',
  'AmbientCapabilities=',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
];

/**
 * Delay before a node that ended starts again, without a limit of restarts: members of a task lose stake for missed
 * rounds.
 */
const RESTART_SECONDS = 15;

/** Exit codes that a restart does not repair. */
const FOR_GOOD = [EXIT.usage, EXIT.permission, EXIT.config];

/** How much longer than the node's own limit the system waits until it has stopped. */
const GRACE_SECONDS = 10;

/**
 * A systemd unit for a node, which may write only its own folder and a cache.
 *
 * MemoryDenyWriteExecute is not among the restrictions: V8 and onnxruntime compile code at run time.
 */
export function unitText(options: UnitOptions): string {
  const { program, home, scope, passwordFile, shutdownSeconds } = options;
  const system = scope === 'system';
  const lines = [
    '# Made by `chorus service`; a new installation overwrites changes. Override with `systemctl edit chorus`.',
    '[Unit]',
    'Description=Chorus node',
    // A user's systemd cannot refer to the system's units.
    ...(system ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '# Restart without limit: what the node needs may come back after hours.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    ...(system ? [`User=${word(options.user)}`] : []),
    `ExecStart=${[...program, 'start', '--home', home].map(word).join(' ')}`,
    'Environment=NODE_ENV=production',
    ...(passwordFile === null
      ? []
      : [
          `LoadCredential=chorus-password:${path(passwordFile)}`,
          'Environment=CHORUS_PASSWORD_FILE=%d/chorus-password',
        ]),
    'Restart=on-failure',
    `RestartSec=${RESTART_SECONDS}`,
    '# Wrong usage, password or configuration: starting again does not help.',
    `RestartPreventExitStatus=${FOR_GOOD.join(' ')}`,
    `TimeoutStopSec=${shutdownSeconds + GRACE_SECONDS}`,
    'KillSignal=SIGTERM',
    '',
    '# Limits',
    `MemoryMax=${options.memoryMax}`,
    "# If memory runs out, the kernel ends a model's process, not the node.",
    'OOMPolicy=continue',
    'TasksMax=512',
    'LimitNOFILE=8192',
    'Nice=10',
    '',
    '# Hardening',
    'NoNewPrivileges=yes',
    'UMask=0077',
    'ProtectSystem=strict',
    `ReadWritePaths=${path(home)}`,
    '# Caches of the user that the node runs as: systemd creates the folder.',
    'CacheDirectory=chorus',
    'Environment=XDG_CACHE_HOME=%C',
    'ProtectHome=read-only',
    'PrivateTmp=yes',
    ...(system ? SYSTEM_ONLY : []),
    'LockPersonality=yes',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    '# Netlink: the addresses of this machine.',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallErrorNumber=EPERM',
    '',
    '[Install]',
    `WantedBy=${system ? 'multi-user.target' : 'default.target'}`,
    '',
  ];
  return lines.join('\n');
}

/** A word of ExecStart: quoted if necessary, `%` and `$` doubled (systemd.service, "Command lines"). */
function word(text: string): string {
  refuseControl(text);
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(text) ? escaped : `"${escaped.replace(/["\\]/g, '\\$&')}"`;
}

/** A path in a list; quotes are allowed, and `%` is doubled. */
function path(text: string): string {
  refuseControl(text);
  const escaped = text.replaceAll('%', '%%');
  return /\s|["'\\]/.test(text) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}

function refuseControl(text: string): void {
  if (!/\p{Cc}/u.test(text)) return;
  throw new ChorusError('E_USAGE', 'a path with control characters cannot be put into a unit');
}
