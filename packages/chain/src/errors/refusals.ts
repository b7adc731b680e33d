import type { ErrorCode } from '@chorus/protocol';

/** What a custom error means, in the port's words: its code, one sentence, and what to do about it. */
export type Refusal = readonly [code: ErrorCode, message: string, hint: string];

/** The errors of our own contracts, by name. */
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
    'use the rule "reference-projection" or "reference-trust" with at most 16 trainers, or have governance add a verifier',
  ],
  InexactTransfer: [
    'E_CHAIN_INVALID_PARAMS',
    'the token did not deliver the exact amount',
    'use another token: those that take a fee on transfers cannot be escrowed',
  ],
  TaskNotJoining: [
    'E_CHAIN_WRONG_PHASE',
    'the task is no longer open to join',
    'look for a task that is joining',
  ],
  TaskNotEnded: [
    'E_CHAIN_NOT_ENDED',
    'the task has not ended',
    'wait until it has, or leave it; see advance for a task whose deadline has passed',
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
    'the task has all the members of this role it takes',
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
    'this account has joined already',
    'nothing is left to do: roles are taken in one join',
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
    'the round is not in the phase for this',
    'read the round again: its phase has moved on',
  ],
  AlreadyCommitted: [
    'E_CHAIN_ALREADY_DONE',
    'this trainer has committed already',
    'a commitment is final: provide the payload it was made for',
  ],
  AlreadySealed: [
    'E_CHAIN_ALREADY_DONE',
    'this validator has sealed already',
    'open the seal that is on chain',
  ],
  AlreadyOpened: ['E_CHAIN_ALREADY_DONE', 'this validator has opened already', 'nothing is left to do'],
  EmptySeal: ['E_CHAIN_INVALID_PARAMS', 'the seal is zero', 'seal with sealOf and a random salt'],
  NotSealed: [
    'E_CHAIN_WRONG_PHASE',
    'no reference was sealed while updates were open',
    'seal before the commit deadline of the next round',
  ],
  WrongOpening: [
    'E_CHAIN_WRONG_OPENING',
    'commitment, digest and salt are not what was sealed',
    'open with exactly what sealOf was given',
  ],
  InvalidCommitment: [
    'E_CHAIN_INVALID_POINT',
    'the commitment is not a finite point of the curve',
    'a vector of zeros has no commitment and need not be sent',
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
    'a vote is forged, repeated, by nobody entitled, for another list, or on other commitments',
    'collect the votes again and check each with isVerdictOf',
  ],
  NotEnoughVotes: [
    'E_CHAIN_INVALID_VOTES',
    'less than a majority of the validators signed',
    'ask the others; a candidate can have verdicts posted on chain with requestVerdicts',
  ],
  RejectedNotOpened: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'a validator that opened no reference cannot have it rejected',
    'list only validators that opened a reference in this round',
  ],
  NoReferenceLeft: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'every reference was rejected: there is nothing to score against',
    'let the round become void',
  ],
  InvalidNovelty: [
    'E_CHAIN_INVALID_SETTLEMENT',
    'the commitment to the novelty is no point, or the rule of the task has none',
    'for a rule without novelty give (0, 0); else commit to the novelty again',
  ],
  NothingToClaim: [
    'E_CHAIN_NOTHING_TO_CLAIM',
    'nothing is left to pay out',
    'see claimable: rewards may still be vesting',
  ],
  AlreadyReleased: ['E_CHAIN_ALREADY_DONE', 'the stake has been released already', 'nothing is left to do'],
  AlreadyLeaving: [
    'E_CHAIN_ALREADY_DONE',
    'the member is leaving the task already, or was dropped from it',
    'its stake can be released once the current round has ended',
  ],
  MemberDeparted: [
    'E_CHAIN_NOT_A_MEMBER',
    'the member has left the task or was dropped from it',
    'take the stake back with releaseStake, and what was earned with claim',
  ],
  NotOwner: [
    'E_CHAIN_NOT_ALLOWED',
    'the task is somebody else’s',
    'act with the account that created the task',
  ],
  OtherTask: [
    'E_CHAIN_INVALID_PARAMS',
    'another task has this number than the one that was looked at: the chain was reorganised',
    'look at the task again before joining',
  ],
  NotIdentity: [
    'E_CHAIN_NOT_ALLOWED',
    'the account neither owns this identity nor is its wallet',
    'register an identity, or have its owner set this account as its wallet',
  ],
  IdentityAlreadyJoined: [
    'E_CHAIN_ALREADY_DONE',
    'this identity has joined the task through another account',
    'an identity joins a task once: register another one',
  ],
  ReputationTooLow: [
    'E_CHAIN_NOT_ALLOWED',
    'the identity has less reputation than the task asks for',
    'gain it in tasks that ask for less',
  ],
  NotAllowed: [
    'E_CHAIN_NOT_ALLOWED',
    'the account is not on the allow list of the task',
    'join with the Merkle proof that the requester gave out for this account',
  ],
  AlreadyRequested: [
    'E_CHAIN_ALREADY_DONE',
    'the verdicts of this round were asked for already',
    'read postedVerdicts',
  ],
  AlreadyPosted: [
    'E_CHAIN_ALREADY_DONE',
    'this validator has given its word already',
    'nothing is left to do',
  ],
  NoCase: [
    'E_CHAIN_NO_CASE',
    'the trainer was not found unavailable in this round',
    'check task, round and trainer; see unavailabilityCase',
  ],
  CaseClosed: [
    'E_CHAIN_ALREADY_DONE',
    'the case is closed',
    'see unavailabilityCase for how it ended; after its deadline it can only be resolved',
  ],
  CaseOpen: [
    'E_CHAIN_CASE_OPEN',
    'a case is open that this stake may answer for',
    'contest or resolve the cases of the task first',
  ],
  SignatureExpired: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the deadline inside the signature has passed',
    'sign again with a later deadline',
  ],
  InvalidSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature is not by the account it should be by, or for something else',
    'sign exactly what is sent, for this contract and chain, with the next nonce',
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
    'the statement has a leading row that the rule does not',
    'leave the rows of groups and novelty (0, 0) for a rule with one leading row',
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
    'deposit stake behind the identity, or wait until tasks release what they locked',
  ],
  AlreadyLocked: [
    'E_CHAIN_ALREADY_DONE',
    'this identity has locked stake for the task already',
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
  AlreadySlashed: ['E_CHAIN_ALREADY_DONE', 'this offence was slashed already', 'nothing is left to do'],
  // ---- governance ----
  ValueOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'the value is outside the bounds that the contract sets in code',
    'choose a value within them; no vote can move them',
  ],
  VerifierExists: [
    'E_CHAIN_ALREADY_DONE',
    'this rule and size has a verifier',
    'verifiers are added, never replaced: use another rule name or size',
  ],
  ContractsExist: [
    'E_CHAIN_ALREADY_DONE',
    'the contracts were set already',
    'they are set once, by the deployer',
  ],
  // ---- identities, reputation, validation ----
  NotRecorded: [
    'E_CHAIN_WRONG_PHASE',
    'there is no record to rate: the round was not settled or is older than 16 rounds, or nothing was attested',
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
    'too little gas was sent along to look at every validation request',
    'send the transaction with more gas',
  ],
  AlreadyAttested: ['E_CHAIN_ALREADY_DONE', 'this was attested already', 'nothing is left to do'],
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
    'give where the response is found',
  ],
  NoClients: [
    'E_CHAIN_INVALID_PARAMS',
    'a summary needs the clients whose feedback counts',
    'name the clients that are trusted',
  ],
  InvalidValidator: ['E_CHAIN_INVALID_PARAMS', 'the validator’s address is zero', 'name a validator'],
  RequestExists: [
    'E_CHAIN_ALREADY_DONE',
    'this validation was requested already',
    'nothing is left to do: one request per task and identity',
  ],
  UnknownRequest: ['E_CHAIN_INVALID_PARAMS', 'no such validation request', 'request it first'],
  NotValidator: [
    'E_CHAIN_NOT_ALLOWED',
    'only the validator that the request names may respond',
    'respond with its account',
  ],
  ResponseOutOfBounds: ['E_CHAIN_INVALID_PARAMS', 'a response is 0 to 100', 'scale the response'],
};
