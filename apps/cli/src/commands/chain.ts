import { Command } from 'commander';
import { type DeployCommandOptions, deployAction } from '../chain/deploy.ts';
import { type StatusCommandOptions, statusAction } from '../chain/status.ts';

/** Default path of the deployment file. */
const DEPLOYMENT_FILE = 'chorus-deployment.json';

/** `chorus chain`: deploys the contracts to a chain, and checks a deployment. */
export function chainCommand(): Command {
  const deploy = new Command('deploy')
    .description('deploy all contracts, or complete an interrupted deployment')
    .requiredOption('--rpc <url>', 'JSON-RPC endpoint of the chain')
    .option('--deployment <file>', 'file to write the deployment to, and to resume from', DEPLOYMENT_FILE)
    .option('--key-file <file>', 'private key (hex) of the account that pays; else CHORUS_PRIVATE_KEY')
    .option('--ptau <file>', 'powers of tau of a public ceremony (snarkjs .ptau) for the verifier')
    .option('--verifier <address>', 'an already deployed verifier of reference-trust, instead of --ptau')
    .option(
      '--projection-verifier <address>',
      'an already deployed verifier of reference-projection; give both',
    )
    .option('--treasury <address>', 'receives the protocol fee (the account that pays)')
    .option('--supply <tokens>', 'total supply of the token, in whole tokens (1,000,000,000)')
    .option('--salt <hex>', '32 bytes; another salt gives other addresses')
    .option('--max-fee <gwei>', 'highest price to offer for a unit of gas')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
On a development chain (31337 or 1337) you can omit key and ceremony: the first account of anvil pays, and the
development reference string is used. Both are refused anywhere else.

Examples:
  $ chorus chain deploy --rpc http://127.0.0.1:8545
  $ CHORUS_PRIVATE_KEY=0x... chorus chain deploy --rpc https://rpc.example --verifier 0x... --projection-verifier 0x... --max-fee 20`,
    )
    .action((options: DeployCommandOptions) => deployAction(options));
  const status = new Command('status')
    .description('compare the contracts on chain with the artifacts, and show what governance has set')
    .requiredOption('--rpc <url>', 'JSON-RPC endpoint of the chain')
    .option('--deployment <file>', 'file that deploy wrote', DEPLOYMENT_FILE)
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  $ chorus chain status --rpc http://127.0.0.1:8545')
    .action((options: StatusCommandOptions) => statusAction(options));
  return new Command('chain')
    .description('the contracts: deploy them, and check a deployment')
    .addCommand(deploy)
    .addCommand(status);
}
