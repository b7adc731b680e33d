import type { Command } from 'commander';

/** The options that every inspecting command has. */
export interface InspectOptions {
  network?: string;
  rpc?: string;
  contract?: string;
  bootstrap?: string[];
  /** Use the network of the node in this folder. */
  home?: string;
  json?: boolean;
}

/** Adds the options that say where the network is, and `--json`. */
export function inspectOptions(command: Command): Command {
  return networkOptions(command).option('--json', 'one JSON document on standard output');
}

/** Adds the options that say where the network is. */
export function networkOptions(command: Command): Command {
  return command
    .option('--network <dir>', 'folder of a network kept by `demo --keep` (the one kept last)')
    .option(
      '--home <dir>',
      "use the network of this folder's node (the default node, if no network was kept)",
    )
    .option('--rpc <url>', 'JSON-RPC endpoint of a running network; needs --contract')
    .option('--contract <address>', 'task contract of the network; needs --rpc')
    .option(
      '--bootstrap <multiaddr>',
      'peer to get models, aggregates and matrices from; may be repeated',
      (address: string, others: string[] = []) => [...others, address],
    );
}
