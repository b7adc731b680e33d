import { refusal, ruleId } from '@chorus/chain';
import {
  type Address,
  G1_INFINITY,
  type G1Point,
  type Hex,
  MAX_AGGREGATORS,
  MAX_DIMENSION,
  MAX_ROUNDS,
  MAX_TRAINERS,
  MAX_VALIDATORS,
  type RoundState,
  RULE_NAMES,
  type Settlement,
  SHARE_ONE,
  sameG1,
  type TaskParams,
  type TaskState,
  WEIGHT_ONE,
} from '@chorus/protocol';
import { AbiCoder, keccak256 } from 'ethers';
import { addG1, isFiniteG1, mulG1 } from '../bn254.ts';

/** What the contract would hand to the verifier, taken from its storage. */
interface SettlementStatement {
  chainId: number;
  contract: Address;
  task: TaskState;
  round: RoundState;
  /** Who sends the settlement: the proof is bound to it. */
  prover: Address;
  /** Trainers (indices from 0) that are in: committed and not voted unavailable. */
  included: number[];
}

/** Checks that a settlement follows from its statement; throws where it does not. */
export type SettlementCheck = (statement: SettlementStatement, settlement: Settlement) => void;

/** Budget and what is added to it, together: slashed stake still fits 2^128. */
const MAX_DEPOSITS = 2n ** 127n - 1n;
const UINT96 = 2n ** 96n;
const UINT32 = 2 ** 32;
/** What a deployment begins with. */
const MIN_PHASE_SECONDS = 5;

/** C_A == sum of w_i * C_i, and nothing else: that weights and shares follow from the rule is not checked. */
export const checkAggregate: SettlementCheck = ({ round, included }, settlement) => {
  const sum = included.reduce(
    (total, i) => addG1(total, mulG1(round.updates[i]!.commitment, BigInt(settlement.weights[i] ?? 0))),
    G1_INFINITY,
  );
  if (!sameG1(sum, settlement.aggregate)) throw refusal('WrongAggregate', 'settle a round');
};

export function checkNumbers({ weights, shares }: Settlement, included: number[], action: string): void {
  const fits = (values: number[], bits: number): boolean =>
    values.length <= MAX_TRAINERS && values.every((v) => Number.isInteger(v) && v >= 0 && v < 2 ** bits);
  if (!fits(weights, 17) || !fits(shares, 33)) throw refusal('NonCanonicalWords', action);
  for (let i = 0; i < MAX_TRAINERS; i++) {
    if ((weights[i] || shares[i]) && !included.includes(i)) {
      throw refusal('AbsentTrainerRewarded', action, { trainer: i });
    }
  }
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  if (sum(weights) > WEIGHT_ONE) throw refusal('WeightsExceedOne', action);
  if (sum(shares) > SHARE_ONE) throw refusal('SharesExceedOne', action);
}

/** A point where the task's rule has novelty, nothing where it has none. */
export function checkNovelty({ rule }: TaskState, novelty: G1Point, action: string): void {
  const none = sameG1(novelty, G1_INFINITY);
  const valid = rule === ruleId('reference-projection') ? none || isFiniteG1(novelty) : none;
  if (!valid) throw refusal('InvalidNovelty', action);
}

export function checkParams(params: TaskParams): void {
  const bound = (name: string, value: number | bigint, least: number, most: number | bigint): void => {
    if (value < least || value > most) {
      throw refusal('ParameterOutOfBounds', 'create a task', { parameter: name });
    }
  };
  if (!RULE_NAMES.some((name) => ruleId(name) === params.rule)) throw refusal('NoVerifier', 'create a task');
  bound('budget', params.budget, 1, MAX_DEPOSITS);
  bound('rounds', params.rounds, 1, MAX_ROUNDS);
  bound('maxTrainers', params.maxTrainers, 1, MAX_TRAINERS);
  bound('minTrainers', params.minTrainers, 1, params.maxTrainers);
  bound('minAggregators', params.minAggregators, 1, MAX_AGGREGATORS);
  bound('stake', params.stake, 0, UINT96 - 1n);
  bound('aggregatorFeeBps', params.aggregatorFeeBps, 0, 5000);
  bound('validatorFeeBps', params.validatorFeeBps, 0, 5000 - params.aggregatorFeeBps);
  for (const name of ['joinSeconds', 'commitSeconds', 'referenceSeconds', 'settleSeconds'] as const) {
    bound(name, params[name], MIN_PHASE_SECONDS, UINT32 - 1);
  }
  bound('dimension', params.dimension, 1, MAX_DIMENSION);
  bound('vestingRounds', params.vestingRounds, 0, 16);
  bound('stagnationBps', params.stagnationBps, 0, 10_000);
  bound('minShareBps', params.minShareBps, 0, 5000);
  bound('slashReporterBps', params.slashReporterBps, 0, 1000);
  bound('slashBurnBps', params.slashBurnBps, 5000, 10_000 - params.slashReporterBps);
  bound('validators', params.validators.length, 1, MAX_VALIDATORS);
  bound('minValidators', params.minValidators, 1, params.validators.length);
  const distinct = new Set(params.validators.map((v) => v.toLowerCase()));
  if (distinct.size !== params.validators.length || [...distinct].some((v) => BigInt(v) === 0n)) {
    throw refusal('ParameterOutOfBounds', 'create a task', { parameter: 'validators' });
  }
}

/** Whether `proof` leads from the account's leaf to the root, in a tree as OpenZeppelin's StandardMerkleTree. */
export function isAllowed(account: Address, root: Hex, proof: readonly Hex[]): boolean {
  const leaf = keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['address'], [account])));
  const reached = proof.reduce<string>((node, sibling) => {
    const [a, b] = BigInt(node) < BigInt(sibling) ? [node, sibling] : [sibling, node];
    return keccak256(`0x${a.slice(2)}${b.slice(2)}`);
  }, leaf);
  return reached === root.toLowerCase();
}
