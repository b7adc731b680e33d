// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {G1Point} from "../libraries/Bn254.sol";

uint256 constant MAX_TRAINERS = 16;
uint256 constant MAX_VALIDATORS = 15;
uint256 constant MAX_AGGREGATORS = 16;

/// @dev Rounds whose record is kept, and the longest vesting.
uint256 constant RECORDS = 16;

uint256 constant TRAINER = 1;
uint256 constant VALIDATOR = 2;
uint256 constant AGGREGATOR = 4;

uint256 constant BPS = 10_000;

/// @notice The contracts that the task contract was built on.
struct Contracts {
    IParameters parameters;
    IStakeManager stakes;
    IIdentityRegistry identities;
}

/// @dev The current round, in one slot. Bit i of `committed` is trainer i, of the others validator i.
struct Round {
    uint16 number;
    ITaskManager.Phase phase;
    uint8 drawnAggregator;
    uint40 deadline;
    uint40 settleStart;
    uint16 committed;
    uint16 sealedBits;
    uint16 openedBits;
    bool verdictsRequested;
    uint16 verdictsPosted;
    // Most verdicts posted for the same bitmaps and novelty, of those a round can be settled by.
    uint8 verdictsAgreed;
    // The window in which verdicts were asked for; the first of which half or more was left when a majority agreed.
    uint8 requestedTurn;
    uint8 agreedTurn;
    // What `drawnAggregator` is drawn from: see `RoundFlow`.
    uint48 draw;
}

struct MemberRecord {
    uint8 roles;
    uint8 trainer;
    uint8 validator;
    uint8 aggregator;
    bool released;
    uint128 agentId;
    // The last round it takes part in, 0 where it stays.
    uint16 lastRound;
    // The last round it was absent in, how many in a row until then, and what absences have cost: see `Departures`.
    uint16 lastAbsent;
    uint8 absentRounds;
    uint16 absenceBps;
}

struct CaseRecord {
    uint40 deadline;
    uint16 accusers;
    bool resolved;
    // Validators that signed that the payload is available; none, or a strict majority.
    uint16 available;
}

/// @dev Slots are reused by every round (the round's bitmaps show which are stale), so that a round in
/// steady state writes no fresh slot: 5,000 gas a write instead of 22,100. What a settlement reads comes first.
struct Task {
    IContributionVerifier verifier;
    ITaskManager.TaskStatus status;
    uint16 rounds;
    uint16 aggregatorFeeBps;
    uint16 validatorFeeBps;
    uint16 protocolFeeBps;
    uint16 stagnationBps;
    // The rule scores by three groups of references and their novelty, not by one sum: see `Settlement.novelty`.
    bool hasGroups;
    // slot 1; the list is written when joining ends: appointed validators, aggregators
    address memberList;
    uint32 commitSeconds;
    uint32 settleSeconds;
    uint8 trainerCount;
    uint8 validatorCount;
    uint8 aggregatorCount;
    uint8 minValidators;
    // slot 2
    IERC20 token;
    uint32 dimension;
    uint32 referenceSeconds;
    uint16 joinedBits;
    uint16 minShareBps;
    // slot 3: all of the task's money that is not a trainer's
    uint128 remaining;
    uint128 protocolFees;
    Round round;
    G1Point totalCommitment;
    // slot 7: bitmaps of members that take no part any more, and of those for whom the current round is the last; what
    // each posted verdict of this round pays
    uint16 departedTrainers;
    uint16 departedValidators;
    uint16 departedAggregators;
    uint16 leavingTrainers;
    uint16 leavingValidators;
    uint16 leavingAggregators;
    uint128 verdictFee;
    // slot 8: the budget of the terms; everything that was ever escrowed
    uint128 budget;
    uint128 deposited;
    // slot 9
    uint96 stake;
    address owner;
    // slot 10
    uint16 slashReporterBps;
    uint16 slashBurnBps;
    uint32 contestSeconds;
    uint8 minTrainers;
    uint8 maxTrainers;
    uint8 minAggregators;
    uint40 joinDeadline;
    uint32 joinSeconds;
    uint48 createdBlock;
    uint40 minReputation;
    uint8 vestingRounds;
    IParameters.Slashing slashing;
    bytes32 rule;
    bytes32 termsDigest;
    bytes32 allowRoot;
    // keccak256(abi.encode(owner, params)): what who joins has agreed to.
    bytes32 agreement;
    // Trainer 2k in the low, 2k + 1 in the high half of word k.
    uint256[MAX_TRAINERS / 2] earned;
    uint128[MAX_TRAINERS] claimed;
    // Word 2 also holds the round's pool, number and trainers: see `RoundRecords`.
    uint256[3][RECORDS] records;
    ITaskManager.VectorCommitment[MAX_TRAINERS] updates;
    ITaskManager.VectorCommitment[MAX_VALIDATORS] references;
    bytes32[MAX_VALIDATORS] seals;
    address[MAX_TRAINERS] trainers;
    address[MAX_VALIDATORS] validators;
    address[MAX_AGGREGATORS] aggregators;
    // Open cases of each trainer, at most one for each round, and those in which a validator is an accuser.
    uint16[MAX_TRAINERS] openCases;
    uint16[MAX_VALIDATORS] accusations;
    mapping(address account => MemberRecord) members;
    mapping(uint256 agentId => bool) joinedIdentities;
    // By MAX_TRAINERS * round + trainer.
    mapping(uint256 key => CaseRecord) cases;
    // Verdicts posted, by keccak256(abi.encode(round, unavailable, rejected, hash of the novelty)).
    mapping(bytes32 verdict => uint8) verdicts;
    // Of rounds in which verdicts were requested or cases opened: see `RoundCommitments`.
    mapping(uint256 round => bytes32) commitments;
    // Eight 32-bit block numbers to a word.
    mapping(uint256 word => uint256) endBlocks;
}

/// @dev Everything the task contract stores.
struct TaskStore {
    uint256 count;
    mapping(uint256 taskId => Task) tasks;
    // Aggregators' and validators' fees that were not claimed.
    mapping(IERC20 token => mapping(address account => uint256)) fees;
    mapping(address account => uint256) nonces;
}

/// @title Small readings of a task that every part needs
library Tasks {
    function get(TaskStore storage store, uint256 taskId) internal view returns (Task storage task) {
        task = store.tasks[taskId];
        if (task.status == ITaskManager.TaskStatus.None) revert ITaskManager.UnknownTask();
    }

    /// @dev The task and its current round, if it is `round` in `phase` before its deadline.
    function open(TaskStore storage store, uint256 taskId, uint256 round, ITaskManager.Phase phase)
        internal
        view
        returns (Task storage task, Round memory state)
    {
        task = get(store, taskId);
        state = task.round;
        if (task.status != ITaskManager.TaskStatus.Running || state.phase != phase) {
            revert ITaskManager.WrongPhase();
        }
        if (state.number != round) revert ITaskManager.WrongRound();
        if (block.timestamp >= state.deadline) revert ITaskManager.DeadlinePassed();
    }

    /// @dev The member's record, if it holds `role` and has not departed.
    function member(Task storage task, address account, uint256 role)
        internal
        view
        returns (MemberRecord storage record)
    {
        record = task.members[account];
        if (record.roles & role == 0) revert ITaskManager.NotAMember();
        if (!takesPart(record, task.round.number)) revert ITaskManager.MemberDeparted();
    }

    function takesPart(MemberRecord storage record, uint256 round) internal view returns (bool) {
        uint256 last = record.lastRound;
        return last == 0 || round <= last;
    }

    /// @dev Bitmap of the validators that the current round waits for.
    function presentValidators(Task storage task) internal view returns (uint256) {
        return task.joinedBits & ~task.departedValidators;
    }

    function caseOf(Task storage task, uint256 round, uint256 trainer) internal view returns (CaseRecord storage) {
        return task.cases[MAX_TRAINERS * round + trainer];
    }

    /// @dev Of all that have joined: that some depart must not make a majority of those who are left.
    function isMajority(Task storage task, uint256 votes) internal view returns (bool) {
        return 2 * votes > countBits(task.joinedBits);
    }

    function countBits(uint256 bits) internal pure returns (uint256 count) {
        unchecked {
            for (; bits != 0; bits &= bits - 1) count++;
        }
    }

    function hasBit(uint256 bits, uint256 index) internal pure returns (bool) {
        return (bits >> index) & 1 == 1;
    }
}
