import { ChorusError } from '@chorus/protocol';
import { EXIT } from '../environment/exit.ts';

export interface UnitOptions {
  /** Command line that starts the program, without its arguments. */
  program: readonly string[];
  home: string;
  /** A unit of the system, for a user of its own, or of the user who installs it. */
  scope: 'user' | 'system';
  /** Who it runs as, where it is the system's. */
  user: string;
  /** File with the wallet's password: systemd reads it and hands it over. */
  passwordFile: string | null;
  /** Such as 4G. */
  memoryMax: string;
  /** Time of the node to finish its step. */
  shutdownSeconds: number;
}

/** What a user's own systemd has not the rights to take away. */
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

/** A node that ended is started again after so long, for ever. Members of a task lose stake for rounds they miss. */
const RESTART_SECONDS = 15;

/** Ends that starting again does not mend. */
const FOR_GOOD = [EXIT.usage, EXIT.permission, EXIT.config];

/** How much longer than the node itself the system waits for it. */
const GRACE_SECONDS = 10;

/**
 * A systemd unit for a node: it may write its own folder and a cache, and nothing else of the system.
 *
 * MemoryDenyWriteExecute is not among the restrictions: V8 and onnxruntime compile code at run time.
 */
export function unitText(options: UnitOptions): string {
  const { program, home, scope, passwordFile, shutdownSeconds } = options;
  const system = scope === 'system';
  const lines = [
    '# Made by `chorus service`; changes are lost when it is installed again. Override with `systemctl edit chorus`.',
    '[Unit]',
    'Description=Chorus node',
    // A user's systemd does not know the system's units.
    ...(system ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '# Never given up: what a node needs may come back after hours.',
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
    "# Where memory runs out the kernel ends a model's process, not the node.",
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
    '# Caches, of whoever it runs as: systemd makes the folder.',
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

/** A word of ExecStart: quoted where it must be, `%` and `$` doubled (systemd.service, "Command lines"). */
function word(text: string): string {
  refuseControl(text);
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./-]+$/.test(text) ? escaped : `"${escaped.replace(/["\\]/g, '\\$&')}"`;
}

/** A path of a list; lists take quotes, and `%` doubled. */
function path(text: string): string {
  refuseControl(text);
  const escaped = text.replaceAll('%', '%%');
  return /\s|["'\\]/.test(text) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}

function refuseControl(text: string): void {
  if (!/\p{Cc}/u.test(text)) return;
  throw new ChorusError('E_USAGE', 'a path with control characters cannot be put into a unit');
}
