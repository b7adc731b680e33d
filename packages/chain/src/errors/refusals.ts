import type { ErrorCode } from '@chorus/protocol';
import { CHANNEL_REFUSALS } from './channel-refusals.ts';
import { MARKET_REFUSALS } from './market-refusals.ts';
import { REVENUE_REFUSALS } from './revenue-refusals.ts';

/** Meaning of a custom error in the port's terms: code, one sentence, and a hint. */
export type Refusal = readonly [code: ErrorCode, message: string, hint: string];

/** The errors of the Chorus contracts, by name. */
export const REFUSALS: Readonly<Record<string, Refusal>> = {
  // ---- tasks ----
  UnknownTask: ['E_CHAIN_UNKNOWN_TASK', 'no such task', 'check the task id and the contract'],
  ParameterOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'a parameter of the task is out of bounds',
    'correct the parameter that the facts name; see ITaskManager.TaskParams',
  ],
  NoVerifier: [
    'E_CHAIN_INVALID_PARAMS',
    'there is no verifier for this rule and number of trainers',
    'use the rule "reference-projection" or "reference-trust" with at most 16 trainers, or ask governance to add a verifier',
  ],
  InexactTransfer: [
    'E_CHAIN_INVALID_PARAMS',
    'the token did not deliver the exact amount',
    'use another token: tokens with a fee on transfers cannot be escrowed',
  ],
  TaskNotJoining: [
    'E_CHAIN_WRONG_PHASE',
    'the task is no longer open to join',
    'look for a task that is joining',
  ],
  TaskNotEnded: [
    'E_CHAIN_NOT_ENDED',
    'the task has not ended',
    'wait until it ends, or leave it; for a task whose deadline has passed call advance',
  ],
  DeadlinePassed: [
    'E_CHAIN_DEADLINE_PASSED',
    'the deadline has passed',
    'anyone may call advance now; act earlier in the next round',
  ],
  DeadlineNotPassed: [
    'E_CHAIN_DEADLINE_NOT_PASSED',
    'the deadline has not passed yet',
    'wait until the deadline that task or round state shows',
  ],
  TaskFull: [
    'E_CHAIN_TASK_FULL',
    'all places of this role in the task are taken',
    'look for another task, or take another role',
  ],
  InvalidRoles: [
    'E_CHAIN_ROLE_REFUSED',
    'no such combination of roles',
    'take one or more of trainer, validator and aggregator',
  ],
  InvalidPeerId: [
    'E_CHAIN_INVALID_PARAMS',
    'the peer id is empty or longer than 128 bytes',
    'join with the peer id of the libp2p node',
  ],
  TrainerCannotValidate: [
    'E_CHAIN_ROLE_REFUSED',
    'one account cannot both train and validate a task',
    'a validator would score its own update: use two accounts',
  ],
  ValidatorNotAppointed: [
    'E_CHAIN_ROLE_REFUSED',
    'the requester did not appoint this account as a validator',
    'ask the requester to name this account when it creates a task',
  ],
  AlreadyJoined: [
    'E_CHAIN_ALREADY_DONE',
    'this account has already joined',
    'nothing to do: one join sets all roles',
  ],
  NotAMember: [
    'E_CHAIN_NOT_A_MEMBER',
    'the account does not hold this role in the task',
    'join the task with this role while it is open',
  ],
  WrongRound: [
    'E_CHAIN_WRONG_PHASE',
    'this is not the current round',
    'read the task again: its round has moved on',
  ],
  WrongPhase: [
    'E_CHAIN_WRONG_PHASE',
    'the round is in another phase',
    'read the round again: its phase has moved on',
  ],
  AlreadyCommitted: [
    'E_CHAIN_ALREADY_DONE',
    'this trainer has already committed',
    'a commitment is final: provide the payload it was made for',
  ],
  AlreadySealed: [
    'E_CHAIN_ALREADY_DONE',
    'this validator has already sealed',
    'open the seal that is on chain',
  ],
  AlreadyOpened: ['E_CHAIN_ALREADY_DONE', 'this validator has already opened', 'nothing is left to do'],
  EmptySeal: ['E_CHAIN_INVALID_PARAMS', 'the seal is zero', 'seal with sealOf and a random salt'],
  NotSealed: [
    'E_CHAIN_WRONG_PHASE',
    'no reference was sealed while updates were open',
    'seal before the commit deadline of the next round',
  ],
  WrongOpening: [
    'E_CHAIN_WRONG_OPENING',
    'commitment, digest and salt differ from the seal',
    'open with exactly the values given to sealOf',
  ],
  InvalidCommitment: [
    'E_CHAIN_INVALID_POINT',
    'the commitment is not a finite point of the curve',
    'do not send a vector of zeros: it has no commitment',
  ],
  NotYourTurn: [
    'E_CHAIN_NOT_YOUR_TURN',
    "it is another aggregator's turn to settle",
    'wait until settlementOpensAt',
  ],
  WeightsExceedOne: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the weights sum to more than 2^16',
    'compute the weights with the rule of the task',
  ],
  SharesExceedOne: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the shares sum to more than 2^32',
    'compute the shares with the rule of the task',
  ],
  AbsentTrainerRewarded: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a trainer that takes no part in the round has a weight or a share',
    'leave out trainers that did not commit or were found unavailable',
  ],
  UnavailableNotCommitted: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a trainer that committed nothing cannot be unavailable',
    'list only trainers that committed in this round',
  ],
  InvalidVotes: [
    'E_CHAIN_INVALID_VOTES',
    'a vote is forged, repeated, not by an entitled validator, for another list, or on other commitments',
    'collect the votes again and check each with isVerdictOf',
  ],
  NotEnoughVotes: [
    'E_CHAIN_INVALID_VOTES',
    'fewer than a majority of the validators signed',
    'ask the others; a candidate can request verdicts on chain with requestVerdicts',
  ],
  RejectedNotOpened: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a validator is listed as rejected but opened no reference',
    'list only validators that opened a reference in this round',
  ],
  NoReferenceLeft: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'every reference was rejected: there is nothing to score against',
    'let the round become void',
  ],
  InvalidNovelty: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the commitment to the novelty is not a point, or the rule of the task has no novelty',
    'for a rule without novelty give (0, 0); else commit to the novelty again',
  ],
  NothingToClaim: [
    'E_CHAIN_NOTHING_TO_CLAIM',
    'nothing to pay out',
    'see claimable: rewards may still be vesting',
  ],
  AlreadyReleased: ['E_CHAIN_ALREADY_DONE', 'the stake has already been released', 'nothing is left to do'],
  AlreadyLeaving: [
    'E_CHAIN_ALREADY_DONE',
    'the member is already leaving the task, or was dropped from it',
    'release its stake once the current round has ended',
  ],
  MemberDeparted: [
    'E_CHAIN_NOT_A_MEMBER',
    'the member has left the task or was dropped from it',
    'release the stake with releaseStake, and collect rewards with claim',
  ],
  NotOwner: [
    'E_CHAIN_NOT_ALLOWED',
    'the task belongs to another account',
    'use the account that created the task',
  ],
  OtherTask: [
    'E_CHAIN_INVALID_PARAMS',
    'another task has this number now: the chain was reorganised',
    'check the task again before joining',
  ],
  NotIdentity: [
    'E_CHAIN_NOT_ALLOWED',
    'the account neither owns this identity nor is its wallet',
    'register an identity, or ask its owner to set this account as its wallet',
  ],
  IdentityAlreadyJoined: [
    'E_CHAIN_ALREADY_DONE',
    'this identity has joined the task through another account',
    'an identity joins a task once: register another one',
  ],
  ReputationTooLow: [
    'E_CHAIN_NOT_ALLOWED',
    'the identity has less reputation than the task requires',
    'gain reputation in tasks that require less',
  ],
  NotAllowed: [
    'E_CHAIN_NOT_ALLOWED',
    'the account is not on the allow list of the task',
    'join with the Merkle proof that the requester gave out for this account',
  ],
  AlreadyRequested: [
    'E_CHAIN_ALREADY_DONE',
    'the verdicts of this round were already requested',
    'read postedVerdicts',
  ],
  AlreadyPosted: ['E_CHAIN_ALREADY_DONE', 'this validator has already voted', 'nothing is left to do'],
  NoCase: [
    'E_CHAIN_NO_CASE',
    'the trainer was not found unavailable in this round',
    'check task, round and trainer; see unavailabilityCase',
  ],
  CaseClosed: [
    'E_CHAIN_ALREADY_DONE',
    'the case is closed',
    'see unavailabilityCase for its result; after its deadline it can only be resolved',
  ],
  CaseOpen: [
    'E_CHAIN_CASE_OPEN',
    'an open case may still slash this stake',
    'contest or resolve the cases of the task first',
  ],
  SignatureExpired: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the deadline inside the signature has passed',
    'sign again with a later deadline',
  ],
  InvalidSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature is by the wrong account, or for other content',
    'sign exactly the content sent, for this contract and chain, with the next nonce',
  ],
  ListNotStored: [
    'E_CHAIN_REVERTED',
    'the contract could not store a list of accounts',
    'report this with the transaction: no input should cause it',
  ],
  // ---- proofs ----
  WrongAggregate: [
    'E_CHAIN_WRONG_AGGREGATE',
    'the aggregate is not the weighted sum of the committed updates',
    'commit to the sum of exactly the included updates, each times its weight',
  ],
  NonCanonicalWords: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the packed words have bits set past their end',
    'pack weights and shares with packWords',
  ],
  NonCanonicalField: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a field element of the proof is not below the order of the scalar field',
    'reduce it: the proof was altered or made by another program',
  ],
  PointNotOnCurve: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a point of the proof is not on its curve or not in its group',
    'make the proof again: it was altered or damaged',
  ],
  DegenerateChallenge: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the challenge z is 0, 1 or -1',
    'prove again: it is different for any other message of the prover',
  ],
  UnusedRow: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the statement has a leading row that the rule does not have',
    'set the rows of groups and novelty to (0, 0) for a rule with one leading row',
  ],
  InnerProductMismatch: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the claimed inner product is not that of the combined vectors',
    'prove from the payloads that the commitments were made for',
  ],
  OpeningFailed: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the proof does not open the commitments of this round',
    'prove for these commitments, weights, round, task, contract and chain, and for the account that sends it',
  ],
  RuleProofFailed: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'weights and shares do not follow from the committed updates by the rule',
    'compute them with the rule and prove with the keys of the verifier on chain',
  ],
  InsecureSrs: [
    'E_CHAIN_INVALID_PARAMS',
    'the development reference string is refused outside chain ids 31337 and 1337',
    'anyone can forge proofs under it: import a public powers-of-tau transcript',
  ],
  InvalidSrs: [
    'E_CHAIN_INVALID_PARAMS',
    'the points of the reference string are not powers of one secret',
    'import the powers-of-tau file again and compare its digest',
  ],
  // ---- stake ----
  OnlyTaskManager: [
    'E_CHAIN_NOT_ALLOWED',
    'only the task contract may lock and slash stake',
    'call the task contract instead',
  ],
  UnknownIdentity: ['E_CHAIN_INVALID_PARAMS', 'no such identity', 'register one first; ids count from 0'],
  ZeroAmount: ['E_CHAIN_INVALID_PARAMS', 'the amount is zero', 'give an amount above zero'],
  StakeTooSmall: [
    'E_CHAIN_STAKE_REQUIRED',
    'the identity has too little free stake in this token',
    'deposit stake behind the identity, or wait until tasks release their locks',
  ],
  AlreadyLocked: [
    'E_CHAIN_ALREADY_DONE',
    'this identity has already locked stake for the task',
    'an identity joins a task once',
  ],
  NotYourShares: [
    'E_CHAIN_NOT_ALLOWED',
    'the account does not own these shares or this ticket, or they were paid out',
    'see stakeShares for what the account owns',
  ],
  NotMature: [
    'E_CHAIN_NOT_MATURE',
    'the unbonding delay has not passed',
    'wait until the time that the ticket shows',
  ],
  AlreadySlashed: ['E_CHAIN_ALREADY_DONE', 'this offence was already slashed', 'nothing is left to do'],
  // ---- governance ----
  ValueOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'the value is outside the bounds that the contract sets in code',
    'choose a value within the bounds; no vote can move them',
  ],
  VerifierExists: [
    'E_CHAIN_ALREADY_DONE',
    'this rule and size already has a verifier',
    'verifiers are added, never replaced: use another rule name or size',
  ],
  ContractExists: [
    'E_CHAIN_ALREADY_DONE',
    'this name already stands for a contract',
    'contracts are added, never replaced: use another name',
  ],
  ContractsExist: ['E_CHAIN_ALREADY_DONE', 'the contracts were already set', 'the deployer sets them once'],
  // ---- identities, reputation, validation ----
  NotRecorded: [
    'E_CHAIN_WRONG_PHASE',
    'there is no record to rate: the round was not settled, is older than 16 rounds, or was not attested',
    'attest settled rounds within 16 rounds',
  ],
  RoundNotAttested: [
    'E_CHAIN_WRONG_PHASE',
    'a settled round of the task has not been attested yet',
    'attest the round that the facts name first',
  ],
  NoRequest: [
    'E_CHAIN_INVALID_PARAMS',
    'the identity has opened no validation request under this hash',
    'its owner opens one with requestValidation',
  ],
  NotEnoughGas: [
    'E_CHAIN_INVALID_PARAMS',
    'too little gas to check every validation request',
    'send the transaction with more gas',
  ],
  AlreadyAttested: ['E_CHAIN_ALREADY_DONE', 'this was already attested', 'nothing is left to do'],
  NotAuthorized: [
    'E_CHAIN_NOT_ALLOWED',
    'the account neither owns this identity nor is approved for it',
    'act with the account that owns the identity',
  ],
  ReservedKey: [
    'E_CHAIN_INVALID_PARAMS',
    'the metadata key is reserved',
    'set the wallet with setAgentWallet, signed by that wallet',
  ],
  InvalidWallet: [
    'E_CHAIN_INVALID_PARAMS',
    'this cannot be a wallet of the identity',
    'give another address',
  ],
  DeadlineTooFar: [
    'E_CHAIN_INVALID_PARAMS',
    'the deadline of the signature is more than five minutes ahead',
    'sign with a deadline within five minutes',
  ],
  SelfFeedback: [
    'E_CHAIN_NOT_ALLOWED',
    'an identity’s owner and operators cannot rate it',
    'feedback is for clients of the identity',
  ],
  NoSuchFeedback: ['E_CHAIN_INVALID_PARAMS', 'no such feedback', 'indexes count from 1 for each client'],
  AlreadyRevoked: ['E_CHAIN_ALREADY_DONE', 'the feedback was revoked already', 'nothing is left to do'],
  EmptyURI: [
    'E_CHAIN_INVALID_PARAMS',
    'the address of the response is empty',
    'give the address of the response',
  ],
  NoClients: [
    'E_CHAIN_INVALID_PARAMS',
    'a summary needs the clients whose feedback counts',
    'name the trusted clients',
  ],
  InvalidValidator: ['E_CHAIN_INVALID_PARAMS', 'the validator’s address is zero', 'name a validator'],
  RequestExists: [
    'E_CHAIN_ALREADY_DONE',
    'this validation was already requested',
    'nothing to do: one request per task and identity',
  ],
  UnknownRequest: ['E_CHAIN_INVALID_PARAMS', 'no such validation request', 'request it first'],
  NotValidator: [
    'E_CHAIN_NOT_ALLOWED',
    'only the validator that the request names may respond',
    'respond with its account',
  ],
  ResponseOutOfBounds: ['E_CHAIN_INVALID_PARAMS', 'a response is 0 to 100', 'scale the response'],
  ...CHANNEL_REFUSALS,
  ...MARKET_REFUSALS,
  ...REVENUE_REFUSALS,
};
