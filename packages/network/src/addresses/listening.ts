import { ChorusError } from '@chorus/protocol';
import { networkError } from '../core/errors.ts';

/** What keeps a program from an address it wants to listen on, and what to do, by what the system says. */
const FAULTS: readonly [sign: RegExp, message: string, hint: string][] = [
  [
    /EADDRINUSE|address already in use/i,
    'the port is in use',
    'another node or program listens there: end it, or choose another port in network.listen',
  ],
  [
    /EACCES|permission denied/i,
    'the system does not allow this port',
    'ports below 1024 are for root: choose another in network.listen',
  ],
  [
    /EADDRNOTAVAIL|cannot assign/i,
    'this machine has no such address',
    'listen on /ip4/0.0.0.0/tcp/PORT, and put the address that others see into network.announce',
  ],
  [/EAFNOSUPPORT/i, 'this machine does not speak that kind of address', 'leave it out of network.listen'],
];

/** That no address can be listened on: libp2p puts what the system said of each into one message of many lines. */
export function cannotListen(listen: readonly string[], cause: unknown): ChorusError {
  const said = textOf(cause);
  const fault = FAULTS.find(([sign]) => sign.test(said));
  const facts = { listen: listen.join(' ') };
  if (!fault) return networkError('E_NETWORK_LISTEN', 'cannot listen', facts, cause);
  const [, message, hint] = fault;
  return new ChorusError('E_NETWORK_LISTEN', `cannot listen: ${message}`, { facts, hint });
}

/** All that an error and those within it say. */
function textOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return String(error);
  const inner = error instanceof AggregateError ? error.errors : [];
  const { code } = error as { code?: unknown };
  return [
    String(code ?? ''),
    error.message,
    ...[...inner, ...(error.cause ? [error.cause] : [])].map((e) => textOf(e, depth + 1)),
  ].join('\n');
}
