import { chorusToken, contributionVerifier, taskManager } from '@chorus/contracts';
import { ChorusError, type ErrorInit, type Hex } from '@chorus/protocol';
import { type ErrorDescription, Interface } from 'ethers';

/** The chain refused something, or could not be reached. Codes: see `ChainPort`. */
export class ChainError extends ChorusError {}

interface Refusal {
  code: string;
  message: string;
  hint?: string;
}

/** What each custom error of the contracts means, in the port's words. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  UnknownTask: {
    code: 'E_CHAIN_UNKNOWN_TASK',
    message: 'no such task',
    hint: 'check the task id and the contract',
  },
  ParameterOutOfBounds: {
    code: 'E_CHAIN_INVALID_PARAMS',
    message: 'a parameter of the task is out of bounds',
  },
  InvalidTreasury: { code: 'E_CHAIN_INVALID_PARAMS', message: 'the treasury address is zero' },
  InvalidPeerId: { code: 'E_CHAIN_INVALID_PARAMS', message: 'the peer id is empty or longer than 128 bytes' },
  InexactTransfer: {
    code: 'E_CHAIN_INVALID_PARAMS',
    message: 'the token did not deliver the exact amount',
    hint: 'tokens that take a fee on transfers cannot be escrowed',
  },
  EmptySeal: { code: 'E_CHAIN_INVALID_PARAMS', message: 'the seal is zero' },
  InvalidRoles: { code: 'E_CHAIN_ROLE_REFUSED', message: 'no such combination of roles' },
  TrainerCannotValidate: {
    code: 'E_CHAIN_ROLE_REFUSED',
    message: 'one account cannot both train and validate a task',
    hint: 'a validator would score its own update; use two accounts',
  },
  ValidatorNotAppointed: {
    code: 'E_CHAIN_ROLE_REFUSED',
    message: 'the requester did not appoint this account as a validator',
  },
  TaskFull: { code: 'E_CHAIN_TASK_FULL', message: 'the task has all the members of this role it takes' },
  AlreadyJoined: { code: 'E_CHAIN_ALREADY_DONE', message: 'this account has joined already' },
  AlreadyCommitted: { code: 'E_CHAIN_ALREADY_DONE', message: 'this trainer has committed already' },
  AlreadySealed: { code: 'E_CHAIN_ALREADY_DONE', message: 'this validator has sealed already' },
  AlreadyOpened: { code: 'E_CHAIN_ALREADY_DONE', message: 'this validator has opened already' },
  AlreadyWithdrawn: { code: 'E_CHAIN_ALREADY_DONE', message: 'the stake has been withdrawn already' },
  NotAMember: { code: 'E_CHAIN_NOT_A_MEMBER', message: 'the account does not hold this role in the task' },
  TaskNotJoining: { code: 'E_CHAIN_WRONG_PHASE', message: 'the task is no longer open to join' },
  WrongPhase: { code: 'E_CHAIN_WRONG_PHASE', message: 'the round is not in the phase for this' },
  WrongRound: { code: 'E_CHAIN_WRONG_PHASE', message: 'this is not the current round' },
  NotSealed: { code: 'E_CHAIN_WRONG_PHASE', message: 'no reference was sealed while updates were open' },
  TaskNotEnded: { code: 'E_CHAIN_NOT_ENDED', message: 'the task has not ended' },
  DeadlinePassed: { code: 'E_CHAIN_DEADLINE_PASSED', message: 'the deadline has passed' },
  DeadlineNotPassed: { code: 'E_CHAIN_DEADLINE_NOT_PASSED', message: 'the deadline has not passed yet' },
  InvalidCommitment: {
    code: 'E_CHAIN_INVALID_POINT',
    message: 'the commitment is not a finite point of the curve',
    hint: 'a vector of zeros has no commitment and need not be sent',
  },
  WrongOpening: {
    code: 'E_CHAIN_WRONG_OPENING',
    message: 'commitment, digest and salt are not what was sealed',
  },
  NotYourTurn: {
    code: 'E_CHAIN_NOT_YOUR_TURN',
    message: "it is another aggregator's turn to settle",
    hint: 'see settlementOpensAt',
  },
  WrongAggregate: {
    code: 'E_CHAIN_WRONG_AGGREGATE',
    message: 'the aggregate is not the weighted sum of the committed updates',
  },
  InvalidVotes: { code: 'E_CHAIN_INVALID_VOTES', message: 'a vote is forged, repeated or for another list' },
  NotEnoughVotes: {
    code: 'E_CHAIN_INVALID_VOTES',
    message: 'less than a majority of the validators signed which payloads can be had',
  },
  UnavailableNotCommitted: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'a trainer that committed nothing cannot be unavailable',
  },
  NonCanonicalWords: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'the packed words have bits set past their end',
  },
  WeightsExceedOne: { code: 'E_CHAIN_INVALID_SETTLEMENT', message: 'the weights sum to more than 2^16' },
  SharesExceedOne: { code: 'E_CHAIN_INVALID_SETTLEMENT', message: 'the shares sum to more than 2^32' },
  AbsentTrainerRewarded: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'a trainer that takes no part in the round has a weight or a share',
  },
  NonCanonicalField: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'a field element of the proof is not below the order of the scalar field',
  },
  PointNotOnCurve: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'a point of the proof is not on its curve or not in its group',
  },
  DegenerateChallenge: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'the challenge z is 0, 1 or -1',
    hint: 'prove again: it is different for any other message of the prover',
  },
  InnerProductMismatch: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'the claimed inner product is not that of the combined vectors',
  },
  OpeningFailed: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'the proof does not open the commitments of this round',
    hint: 'the proof is for other commitments, weights, or another round, task, contract or chain',
  },
  RuleProofFailed: {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: 'weights and shares do not follow from the committed updates by the rule',
  },
  InsecureSrs: {
    code: 'E_CHAIN_INVALID_PARAMS',
    message: 'the development reference string is refused outside chain ids 31337 and 1337',
    hint: 'anyone can forge proofs under it: import a public powers-of-tau transcript',
  },
  InvalidSrs: {
    code: 'E_CHAIN_INVALID_PARAMS',
    message: 'the points of the reference string are not powers of one secret',
  },
  InvalidVerifier: {
    code: 'E_CHAIN_INVALID_PARAMS',
    message: 'there is no contract at the verifier address',
  },
  NothingToClaim: { code: 'E_CHAIN_NOTHING_TO_CLAIM', message: 'nothing is left to pay out' },
  ERC20InsufficientAllowance: {
    code: 'E_CHAIN_STAKE_REQUIRED',
    message: 'the allowance is too small for the stake or the budget',
  },
  ERC20InsufficientBalance: {
    code: 'E_CHAIN_STAKE_REQUIRED',
    message: 'the balance is too small for the stake or the budget',
    hint: 'fund the account with the token of the task',
  },
};

const ERRORS = new Interface(
  [...taskManager.abi, ...contributionVerifier.abi, ...chorusToken.abi].filter(
    (entry, index, all) =>
      entry.type === 'error' &&
      all.findIndex((other) => other.type === 'error' && other.name === entry.name) === index,
  ),
);

/** The port's error for a revert's data; undefined where it is none of the contracts' errors. */
export function decodeRevert(data: Hex, action: string, cause?: unknown): ChainError | undefined {
  let error: ErrorDescription | null;
  try {
    error = ERRORS.parseError(data);
  } catch {
    return undefined;
  }
  if (error === null) return undefined;
  return refusal(error.name, action, namedArguments(error), cause);
}

/** The port's error for one of the contracts' custom errors, by name. Shared with the twin in memory. */
export function refusal(
  name: string,
  action: string,
  facts: ErrorInit['facts'] = {},
  cause?: unknown,
): ChainError {
  const known = REFUSALS[name] ?? {
    code: 'E_CHAIN_INVALID_SETTLEMENT',
    message: `the contract refused: ${name}`,
  };
  return new ChainError(known.code, known.message, {
    facts: { action, check: name, ...facts },
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The data of a revert inside whatever ethers or the node wrapped around it. */
export function revertData(error: unknown): Hex | undefined {
  for (let e = error, depth = 0; typeof e === 'object' && e !== null && depth < 6; depth++) {
    const { data, info, error: inner, cause } = e as Record<string, unknown>;
    if (typeof data === 'string' && /^0x([0-9a-f]{2}){4,}$/i.test(data)) return data as Hex;
    e = info ?? inner ?? cause;
  }
  return undefined;
}

/** Turn anything a JSON-RPC call threw into a `ChainError`. */
export function toChainError(error: unknown, action: string): ChainError {
  if (error instanceof ChainError) return error;
  const data = revertData(error);
  const decoded = data === undefined ? undefined : decodeRevert(data, action, error);
  if (decoded) return decoded;
  const { code } = error as { code?: unknown };
  if (code === 'INSUFFICIENT_FUNDS') {
    return new ChainError('E_CHAIN_NO_GAS', 'the account cannot pay for gas', {
      facts: { action },
      hint: "fund the account with the chain's own coin",
      cause: error,
    });
  }
  if (code === 'CALL_EXCEPTION') {
    return new ChainError('E_CHAIN_REVERTED', 'the contract reverted without a known reason', {
      facts: { action },
      hint: 'check that the address is a task contract of this version',
      cause: error,
    });
  }
  return new ChainError('E_CHAIN_UNREACHABLE', 'the chain did not answer', {
    facts: { action },
    hint: 'check the URL of the JSON-RPC endpoint and that it is up',
    cause: error,
  });
}

function namedArguments(error: ErrorDescription): NonNullable<ErrorInit['facts']> {
  return Object.fromEntries(
    error.fragment.inputs.map((input, i) => {
      const value: unknown = error.args[i];
      return [input.name || `argument${i}`, typeof value === 'bigint' ? value : String(value)];
    }),
  );
}
