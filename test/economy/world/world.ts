import {
  chorusToken,
  identityRegistry,
  parameters,
  reputationRegistry,
  roundAttestor,
  stakeManager,
  taskLibraries,
  taskManager,
  validationRegistry,
} from '@chorus/contracts';
import type { CompiledContract } from '@chorus/contracts/compile';
import { id } from 'ethers';
import { acceptingVerifier } from '../../twins/verifiers.ts';
import { Chain, type Deployed } from './chain.ts';

/** The rule whose verifier here accepts everything. */
export const RULE = id('permissive');
/** Creation code of a contract whose code is one byte, STOP. */
const ACCEPTING = acceptingVerifier('reference-trust');
const SUPPLY = 10n ** 30n;

/** All contracts on one chain, with a rule whose verifier accepts everything. */
export interface World {
  chain: Chain;
  parameters: Deployed;
  identities: Deployed;
  stakes: Deployed;
  tasks: Deployed;
  attestor: Deployed;
  validations: Deployed;
  reputations: Deployed;
  /** The network's own token; every account holds an equal part. */
  token: Deployed;
  /** Owns the parameters; receives fees. Neither acts otherwise. */
  governor: string;
  treasury: string;
  close(): Promise<void>;
}

/**
 * The last two accounts are governance and treasury; account i owns identity i.
 * @param replaced contracts to deploy in place of the product's, by name: with faults that a test plants
 */
export async function startWorld(
  accounts: number,
  replaced: Record<string, CompiledContract> = {},
): Promise<World> {
  const chain = await Chain.start(accounts + 2);
  const [governor, treasury] = chain.accounts.slice(-2) as [string, string];
  const first = chain.accounts[0]!;
  const params = await chain.deployContract(parameters, [governor, treasury]);
  const identities = await chain.deployContract(identityRegistry);
  const reputations = await chain.deployContract(reputationRegistry, [identities.address]);
  const validations = await chain.deployContract(validationRegistry, [identities.address]);
  const stakes = await chain.deployContract(replaced.StakeManager ?? stakeManager, [
    params.address,
    identities.address,
  ]);
  const libraries: Record<string, string> = {};
  for (const library of taskLibraries) {
    const name = library.contractName;
    libraries[name] = (await chain.deployContract(replaced[name] ?? library)).address;
  }
  const contracts = [params.address, stakes.address, identities.address];
  const tasks = await chain.deployContract(taskManager, contracts, libraries);
  const registries = [identities.address, reputations.address, validations.address];
  const attestor = await chain.deployContract(roundAttestor, [params.address, ...registries]);
  await params.send(governor, 'setContracts', tasks.address, attestor.address);
  await params.send(governor, 'addVerifier', RULE, 16, await chain.deploy(ACCEPTING));
  const token = await chain.deployContract(chorusToken, [first, SUPPLY]);
  const world: World = {
    chain,
    parameters: params,
    identities,
    stakes,
    tasks,
    attestor,
    validations,
    reputations,
    token,
    governor,
    treasury,
    close: () => chain.close(),
  };
  for (const account of chain.accounts.slice(0, accounts)) {
    await identities.send(account, 'register()');
    if (account !== first) await token.send(first, 'transfer', account, SUPPLY / BigInt(accounts));
    await approve(world, token, account);
  }
  return world;
}

/** Let both contracts that hold money take an account's tokens. */
export async function approve({ tasks, stakes }: World, token: Deployed, account: string): Promise<void> {
  await token.send(account, 'approve', tasks.address, 2n ** 256n - 1n);
  await token.send(account, 'approve', stakes.address, 2n ** 256n - 1n);
}

/** Terms of a small task; tests change what they are about. */
export function terms(world: World, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    token: world.token.address,
    budget: 1_000_000n,
    rounds: 2,
    minTrainers: 1,
    maxTrainers: 2,
    minAggregators: 1,
    stake: 1000n,
    minValidators: 1,
    aggregatorFeeBps: 300,
    validatorFeeBps: 200,
    joinSeconds: 100,
    commitSeconds: 100,
    referenceSeconds: 100,
    settleSeconds: 100,
    dimension: 8,
    rule: RULE,
    termsDigest: `0x${'00'.repeat(32)}`,
    allowRoot: `0x${'00'.repeat(32)}`,
    minReputation: 0,
    vestingRounds: 0,
    stagnationBps: 10_000,
    minShareBps: 0,
    slashReporterBps: 1000,
    slashBurnBps: 5000,
    validators: [world.chain.accounts[0]],
    ...changes,
  };
}
