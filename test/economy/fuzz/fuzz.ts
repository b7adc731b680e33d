import type { CompiledContract } from '@chorus/contracts/compile';
import fc from 'fast-check';
import { compileSources } from '../world/chain.ts';
import { LENS } from '../world/lens.ts';
import { approve, startWorld } from '../world/world.ts';
import { Ghost } from './ghost.ts';
import { checkMoney, drain } from './invariants.ts';
import { type Arena, type Context, type Dice, OPERATIONS, perform } from './operations.ts';

const ACTORS = 8;
const SUPPLY = 10n ** 30n;

const SIX_DECIMALS = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Six is ERC20("Six", "SIX") {
    constructor(uint256 supply) { _mint(msg.sender, supply); }
    function decimals() public pure override returns (uint8) { return 6; }
}`;

/** How often each operation is drawn. */
const WEIGHTS: Record<string, number> = {
  step: 110,
  create: 10,
  advance: 9,
  join: 8,
  claim: 7,
  postVerdict: 8,
  releaseStake: 6,
  leaveTask: 3,
  settle: 5,
  contest: 5,
  requestVerdicts: 5,
  deposit: 4,
  unbond: 4,
  withdraw: 4,
  open: 4,
  resolveCase: 3,
  commit: 3,
  cancel: 1,
  wait: 1,
};

export interface FuzzResult {
  runs: number;
  transactions: number;
  /** By operation: how often it was done, skipped as there was nothing to do, or refused with which error. */
  outcomes: Record<string, Record<string, number>>;
  /** How often each event was seen; those of offences with their kind. */
  events: Record<string, number>;
}

export async function openArena(replaced: Record<string, CompiledContract> = {}): Promise<Arena> {
  const world = await startWorld(ACTORS, replaced);
  const actors = world.chain.accounts.slice(0, ACTORS);
  const { Six, Lens } = compileSources({ Six: SIX_DECIMALS, Lens: LENS });
  const six = await world.chain.deployContract(Six!, [SUPPLY]);
  for (const actor of actors) {
    if (actor !== actors[0]) await six.send(actors[0]!, 'transfer', actor, SUPPLY / BigInt(ACTORS));
    await approve(world, six, actor);
  }
  await world.identities.send(actors[0]!, 'register()');
  const lens = await world.chain.deployContract(Lens!);
  return { ...world, tokens: [world.token, six], actors, agents: ACTORS + 1, lens };
}

/** One drawn call. A failing run shows its text. */
class Step implements fc.AsyncCommand<Context, FuzzResult> {
  readonly kind: string;
  readonly dice: Dice;

  constructor(kind: string, dice: Dice) {
    this.kind = kind;
    this.dice = dice;
  }

  check({ ghost }: Context): boolean {
    return (
      ghost.tasks.length > 0 ||
      ['create', 'deposit', 'unbond', 'withdraw', 'wait', 'govern'].includes(this.kind)
    );
  }

  async run(context: Context, result: FuzzResult): Promise<void> {
    const { arena, ghost } = context;
    context.now = (await arena.chain.now()) + 1;
    const outcome = await perform(context, this.kind, this.dice);
    result.outcomes[this.kind] ??= {};
    const outcomes = result.outcomes[this.kind]!;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    await checkMoney(arena, ghost, SUPPLY);
  }

  toString(): string {
    const { a, b, c, d } = this.dice;
    return `${this.kind}(${a}, ${b}, ${c}, ${d})`;
  }
}

/**
 * Random sequences of calls by random actors, each from a fresh state and each drained at its end.
 *
 * @param seed of fast-check. The same seed draws the same calls; whose turn it is to settle is drawn by the chain.
 * @throws with the seed and the shortest failing sequence found
 */
export async function fuzz(
  arena: Arena,
  options: { seed: number; runs: number; calls: number; shrink?: boolean },
): Promise<FuzzResult> {
  const result: FuzzResult = { runs: 0, transactions: 0, outcomes: {}, events: {} };
  const die = fc.nat({ max: 2 ** 16 - 1 });
  const dice = fc.record({ a: die, b: die, c: die, d: die });
  const kinds = Object.keys(OPERATIONS).map((kind) => ({
    weight: WEIGHTS[kind] ?? 2,
    arbitrary: fc.constant(kind),
  }));
  const step = fc.tuple(fc.oneof(...kinds), dice).map(([kind, drawn]) => new Step(kind, drawn));
  const commands = fc.commands([step], { maxCommands: options.calls, size: 'max' });
  const begun = arena.chain.transactions;
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const snapshot = await arena.chain.rpc<string>('evm_snapshot');
      const context: Context = {
        arena,
        ghost: new Ghost(arena, [...arena.actors, arena.actors[0]!]),
        now: 0,
      };
      try {
        await fc.asyncModelRun(() => ({ model: context, real: result }), sequence);
        await drain(arena, context.ghost);
        result.runs++;
        for (const [name, count] of context.ghost.seen)
          result.events[name] = (result.events[name] ?? 0) + count;
      } finally {
        await arena.chain.rpc('evm_revert', [snapshot]);
      }
    }),
    { seed: options.seed, numRuns: options.runs, endOnFailure: options.shrink === false },
  );
  result.transactions = arena.chain.transactions - begun;
  return result;
}
