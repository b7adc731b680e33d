import { type DeploymentStatus, deploymentStatus, formatUnits, readDeployment } from '@chorus/chain';
import { ChorusError, COIN_DECIMALS } from '@chorus/protocol';
import colors from 'yoctocolors';
import { EXIT } from '../environment/exit.ts';
import { integer, print, printJson, roundedTokens, table } from '../output/table.ts';
import { OWN_TOKEN_DECIMALS } from '../output/units.ts';

export interface StatusCommandOptions {
  rpc: string;
  deployment: string;
  json?: boolean;
}

/** `chorus chain status`: exits with 1 if something is not as it should be. */
export async function statusAction(options: StatusCommandOptions): Promise<void> {
  const file = await readDeployment(options.deployment);
  if (file === null) {
    throw new ChorusError('E_USAGE', 'there is no deployment file here', {
      facts: { path: options.deployment },
      hint: 'give one with --deployment, or create one with chorus chain deploy',
    });
  }
  const status = await deploymentStatus({ url: options.rpc, file });
  if (options.json) printJson(status);
  else print(statusView(status));
  process.exitCode = status.ok ? EXIT.ok : EXIT.failed;
}

function statusView(status: DeploymentStatus): string {
  const { chainId, height, code, wiring, parameters, balances, ok } = status;
  const sign = (good: boolean): string => (good ? colors.green('ok') : colors.red('WRONG'));
  const contracts = code.map(({ name, address, state, found }) => [
    name,
    address,
    sign(state === 'same' || state === 'external'),
    found,
  ]);
  const checks = wiring.map((finding) => [finding.what, sign(finding.ok), finding.found]);
  const { protocolFeeBps, contestSeconds, unbondSeconds, minimumStake, treasury } = parameters;
  const { missedRounds = 0, ...slashing } = parameters.slashing;
  const tokens = (units: bigint) => roundedTokens(units, OWN_TOKEN_DECIMALS);
  const settings = [
    ['protocol fee', `${protocolFeeBps / 100} %`],
    ['treasury', treasury],
    ['contest window', `${integer(contestSeconds)} s`],
    ['unbonding', `${integer(unbondSeconds)} s`],
    ['minimum stake', tokens(minimumStake)],
    ['shortest phase', `${integer(parameters.minPhaseSeconds)} s`],
    ['dropped after', `${integer(missedRounds)} missed rounds in a row`],
    ...Object.entries(slashing).map(([name, bps]) => [`slash: ${name}`, `${bps / 100} % of the stake`]),
    ['supply', tokens(balances.supply)],
    ['in escrow', tokens(balances.escrow)],
    ['at stake', tokens(balances.stake)],
    ['of the treasury', tokens(balances.treasury)],
    ['coin of the deployer', formatUnits(balances.deployerCoin, COIN_DECIMALS)],
  ];
  return [
    `chain ${chainId} at block ${integer(height)}`,
    table(['contract', 'address', 'code', 'found'], contracts),
    table(['wiring', '', 'found'], checks),
    table(['parameter or balance', 'value'], settings),
    ok
      ? `${colors.green('✔')} the deployment matches the artifacts`
      : `${colors.red('✘')} the deployment does not match the artifacts`,
  ].join('\n\n');
}
