import type { Refusal } from './refusals.ts';

const LIBRARY_HINT = 'report this with the transaction: no input of this program should cause it';
const internal = (message: string): Refusal => ['E_CHAIN_REVERTED', message, LIBRARY_HINT];

/** The errors of the OpenZeppelin contracts (5.7) that the Chorus contracts use, and of Solidity itself, by name. */
export const LIBRARY_REFUSALS: Readonly<Record<string, Refusal>> = {
  // ---- Solidity ----
  Error: ['E_CHAIN_REVERTED', 'the contract reverted', 'the reason is in the facts'],
  Panic: [
    'E_CHAIN_REVERTED',
    'the contract hit an arithmetic or index error',
    'report this with the transaction; 17 is an overflow, 18 a division by zero, 50 an index',
  ],
  AddressEmptyCode: internal('there is no code at an address that is called'),
  FailedDeployment: internal('the code of the till could not be created'),
  InsufficientBalance: internal('the contract holds too little of the chain’s coin'),
  // ---- tokens ----
  ERC20InsufficientAllowance: [
    'E_CHAIN_STAKE_REQUIRED',
    'the allowance is too small for the stake or the budget',
    'approve the amount to the contract, and try again',
  ],
  ERC20InsufficientBalance: [
    'E_CHAIN_STAKE_REQUIRED',
    'the balance is too small for the stake or the budget',
    'fund the account with the token of the task',
  ],
  ERC1155InsufficientBalance: [
    'E_CHAIN_INVALID_PARAMS',
    'the account has fewer units than that',
    'look at what it holds: chorus units show',
  ],
  ERC1155InvalidApprover: internal('the zero address cannot approve a transfer'),
  ERC1155InvalidArrayLength: [
    'E_CHAIN_INVALID_PARAMS',
    'the lists differ in length',
    'give one amount for each id',
  ],
  ERC1155InvalidOperator: [
    'E_CHAIN_INVALID_PARAMS',
    'the zero address cannot be approved',
    'give another address',
  ],
  ERC1155InvalidReceiver: [
    'E_CHAIN_INVALID_PARAMS',
    'this address does not take units',
    'give a wallet, or a contract that takes ERC-1155 tokens',
  ],
  ERC1155InvalidSender: internal('the zero address has no units'),
  ERC1155MissingApprovalForAll: [
    'E_CHAIN_NOT_ALLOWED',
    'the account may not move these units',
    'act with their owner',
  ],
  ERC20InvalidApprover: internal('the zero address cannot approve a transfer'),
  ERC20InvalidReceiver: [
    'E_CHAIN_INVALID_PARAMS',
    'tokens cannot be sent to this address',
    'give another recipient',
  ],
  ERC20InvalidSender: internal('the zero address has no tokens'),
  ERC20InvalidSpender: [
    'E_CHAIN_INVALID_PARAMS',
    'the zero address cannot be approved',
    'give the address of a contract',
  ],
  ERC20ExceededSafeSupply: [
    'E_CHAIN_INVALID_PARAMS',
    'the supply is above the most that votes can count (2^208 - 1)',
    'deploy with a smaller supply',
  ],
  ERC2612ExpiredSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the permit has expired',
    'sign it again with a later deadline',
  ],
  ERC2612InvalidSigner: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the permit was not signed by the owner of the tokens',
    'sign it with the owner’s key, for this token and chain, with the next nonce',
  ],
  ERC3009InvalidSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the authorization was not signed by the account it pays from',
    'sign it with that account, for this token and chain',
  ],
  ERC3009InvalidAuthorizationTime: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the authorization is not valid yet, or no longer',
    'use it between validAfter and validBefore',
  ],
  ERC3009UsedAuthorization: [
    'E_CHAIN_ALREADY_DONE',
    'the authorization was used or cancelled',
    'sign one with another nonce',
  ],
  SafeERC20FailedOperation: [
    'E_CHAIN_REVERTED',
    'the token refused a transfer or is not a token',
    'check the address of the token, its allowance and the balance',
  ],
  // ---- identities as tokens ----
  ERC721IncorrectOwner: [
    'E_CHAIN_NOT_ALLOWED',
    'the identity belongs to another account',
    'name its owner as the sender',
  ],
  ERC721InsufficientApproval: [
    'E_CHAIN_NOT_ALLOWED',
    'the account is not approved for this identity',
    'use the account that owns it, or let that account approve this one',
  ],
  ERC721InvalidApprover: [
    'E_CHAIN_NOT_ALLOWED',
    'only the owner of an identity can approve others',
    'act with the account that owns it',
  ],
  ERC721InvalidOperator: ['E_CHAIN_INVALID_PARAMS', 'this cannot be an operator', 'give another address'],
  ERC721InvalidOwner: [
    'E_CHAIN_INVALID_PARAMS',
    'the zero address owns no identities',
    'give another address',
  ],
  ERC721InvalidReceiver: [
    'E_CHAIN_INVALID_PARAMS',
    'the recipient does not accept identities',
    'send it to an account, or to a contract that implements IERC721Receiver',
  ],
  ERC721InvalidSender: internal('the identity has no owner'),
  ERC721NonexistentToken: [
    'E_CHAIN_INVALID_PARAMS',
    'no such identity',
    'register one first; ids count from 0',
  ],
  // ---- owners and roles ----
  OwnableInvalidOwner: [
    'E_CHAIN_INVALID_PARAMS',
    'the zero address cannot be the owner',
    'name the timelock as owner',
  ],
  OwnableUnauthorizedAccount: [
    'E_CHAIN_NOT_ALLOWED',
    'only the owner, the timelock, may do this',
    'propose it to the governor',
  ],
  AccessControlBadConfirmation: [
    'E_CHAIN_NOT_ALLOWED',
    'only the account that has a role can renounce it',
    'act with that account',
  ],
  AccessControlUnauthorizedAccount: [
    'E_CHAIN_NOT_ALLOWED',
    'the account does not have the role for this',
    'propose it to the governor',
  ],
  // ---- votes and governance ----
  ERC5805FutureLookup: [
    'E_CHAIN_WRONG_PHASE',
    'votes are known only for past times',
    'query a time before the latest block',
  ],
  ERC6372InconsistentClock: internal('token and governor count time differently'),
  VotesExpiredSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the delegation has expired',
    'sign it again with a later expiry',
  ],
  CheckpointUnorderedInsertion: internal('votes were recorded out of order'),
  InvalidAccountNonce: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature is for another nonce',
    'sign again with the account’s current nonce',
  ],
  GovernorAlreadyCastVote: [
    'E_CHAIN_ALREADY_DONE',
    'this account has voted already',
    'nothing is left to do',
  ],
  GovernorAlreadyQueuedProposal: [
    'E_CHAIN_ALREADY_DONE',
    'the proposal is queued already',
    'execute it after the delay of the timelock',
  ],
  GovernorDisabledDeposit: [
    'E_CHAIN_NOT_ALLOWED',
    'the governor accepts no deposits',
    'send them to the timelock',
  ],
  GovernorInsufficientProposerVotes: [
    'E_CHAIN_NOT_ALLOWED',
    'the account has too few votes to propose',
    'delegate votes to it first; they count from the next second on',
  ],
  GovernorInvalidProposalLength: [
    'E_CHAIN_INVALID_PARAMS',
    'a proposal needs as many calls as targets and values',
    'correct the lists',
  ],
  GovernorInvalidQuorumFraction: [
    'E_CHAIN_INVALID_PARAMS',
    'the quorum is above the whole supply',
    'choose a smaller one',
  ],
  GovernorInvalidSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the vote was not signed by the voter',
    'sign it with the voter’s key, for this governor and chain',
  ],
  GovernorInvalidVoteParams: ['E_CHAIN_INVALID_PARAMS', 'this vote takes no parameters', 'vote without them'],
  GovernorInvalidVoteType: ['E_CHAIN_INVALID_PARAMS', 'no such vote', 'vote 0 against, 1 for, 2 abstain'],
  GovernorInvalidVotingPeriod: ['E_CHAIN_INVALID_PARAMS', 'the voting period is zero', 'choose a longer one'],
  GovernorNonexistentProposal: ['E_CHAIN_INVALID_PARAMS', 'no such proposal', 'check its id'],
  GovernorOnlyExecutor: [
    'E_CHAIN_NOT_ALLOWED',
    'only the timelock may do this',
    'propose it to the governor',
  ],
  GovernorProposalQueueingFailed: internal('the proposal could not be queued'),
  GovernorProposalQueueingNotRequired: internal('the proposal needs no queue'),
  GovernorRestrictedProposer: [
    'E_CHAIN_NOT_ALLOWED',
    'the proposal names another proposer',
    'propose with the account it names',
  ],
  GovernorUnableToCancel: [
    'E_CHAIN_NOT_ALLOWED',
    'only the proposer can cancel, and only before voting starts',
    'vote against it instead',
  ],
  GovernorUnexpectedProposalState: [
    'E_CHAIN_WRONG_PHASE',
    'the proposal is in the wrong state for this',
    'read its state: voting, queue and execution follow each other',
  ],
  TimelockInsufficientDelay: [
    'E_CHAIN_INVALID_PARAMS',
    'the delay is shorter than the timelock requires',
    'schedule with a longer delay',
  ],
  TimelockInvalidOperationLength: [
    'E_CHAIN_INVALID_PARAMS',
    'an operation needs as many calls as targets and values',
    'correct the lists',
  ],
  TimelockUnauthorizedCaller: [
    'E_CHAIN_NOT_ALLOWED',
    'only the timelock itself may do this',
    'propose it to the governor',
  ],
  TimelockUnexecutedPredecessor: [
    'E_CHAIN_WRONG_PHASE',
    'an operation that this one depends on was not executed',
    'execute it first',
  ],
  TimelockUnexpectedOperationState: [
    'E_CHAIN_WRONG_PHASE',
    'the operation is not ready',
    'wait until its delay has passed',
  ],
  // ---- errors that no input of this program causes ----
  FailedCall: internal('a call inside the transaction failed without a reason'),
  ECDSAInvalidSignature: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature is malformed',
    'sign again: 65 bytes (r, s, v)',
  ],
  ECDSAInvalidSignatureLength: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature has the wrong length',
    'sign again: 65 bytes (r, s, v)',
  ],
  ECDSAInvalidSignatureS: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature is the malleable twin of a valid one',
    'use the signature with the lower s (EIP-2)',
  ],
  InvalidShortString: internal('a short string is malformed'),
  StringTooLong: internal('a string is longer than 31 bytes'),
  PrecompileFailed: internal('a precompiled contract failed: the chain does not have BN254 pairings'),
  ReentrancyGuardReentrantCall: [
    'E_CHAIN_NOT_ALLOWED',
    'the contract was called from within one of its own calls',
    'a token or a receiver calls back: do not use it',
  ],
  SafeCastOverflowedIntDowncast: internal('a number does not fit its type'),
  SafeCastOverflowedUintDowncast: [
    'E_CHAIN_INVALID_PARAMS',
    'a number does not fit its type on chain',
    'choose a smaller amount',
  ],
};
