// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {G1Point} from "./libraries/Bn254.sol";
import {TaskLedger} from "./TaskLedger.sol";

uint256 constant MAX_TRAINERS = 16;
uint256 constant MAX_VALIDATORS = 15;
uint256 constant MAX_AGGREGATORS = 16;

uint256 constant TRAINER = 1;
uint256 constant VALIDATOR = 2;
uint256 constant AGGREGATOR = 4;

/// @title Tasks: creation, membership, and what happens to the money when they have ended
abstract contract TaskRegistry is TaskLedger {
    /// @dev 100 basis points of every round's budget go to the treasury.
    uint256 internal constant PROTOCOL_FEE_BPS = 100;
    uint256 private constant MAX_FEES_BPS = 5000;
    uint256 private constant MAX_ROUNDS = 4096;
    uint256 private constant MAX_DIMENSION = 2 ** 22;
    uint256 private constant MAX_PEER_ID_BYTES = 128;

    /// @dev The current round, in one slot. Bit i of `committed` is trainer i, of the others validator i.
    struct Round {
        uint16 number;
        Phase phase;
        uint8 drawnAggregator;
        uint40 deadline;
        uint40 settleStart;
        uint16 committed;
        uint16 sealedBits;
        uint16 openedBits;
    }

    struct MemberRecord {
        uint8 roles;
        uint8 trainer;
        uint8 validator;
        uint8 aggregator;
        bool withdrawn;
    }

    /// @dev Slots are reused by every round (a stale one is told by the round's bitmaps), so that a round in
    /// steady state writes no fresh slot: 5,000 gas a write instead of 22,100.
    struct Task {
        address owner;
        uint16 rounds;
        uint16 aggregatorFeeBps;
        uint16 validatorFeeBps;
        uint8 minTrainers;
        uint8 maxTrainers;
        uint8 minAggregators;
        TaskStatus status;
        // slot 1
        IERC20 token;
        uint32 dimension;
        uint32 referenceSeconds;
        uint16 joinedBits;
        // slot 2; the list is written when joining ends: trainers, appointed validators, aggregators
        address memberList;
        uint32 commitSeconds;
        uint32 settleSeconds;
        uint8 trainerCount;
        uint8 validatorCount;
        uint8 aggregatorCount;
        // slot 3
        uint128 budget;
        uint128 remaining;
        // slot 4
        uint128 stake;
        uint40 joinDeadline;
        uint32 joinSeconds;
        uint48 createdBlock;
        bytes32 termsDigest;
        Round round;
        G1Point totalCommitment;
        // Sum of the references opened in this round.
        G1Point referenceSum;
        address[MAX_TRAINERS] trainers;
        VectorCommitment[MAX_TRAINERS] updates;
        address[MAX_VALIDATORS] validators;
        bytes32[MAX_VALIDATORS] seals;
        VectorCommitment[MAX_VALIDATORS] references;
        address[MAX_AGGREGATORS] aggregators;
        mapping(address account => MemberRecord) members;
        // Eight 32-bit block numbers to a word.
        mapping(uint256 word => uint256) endBlocks;
    }

    mapping(uint256 taskId => Task) private _tasks;
    uint256 private _taskCount;

    /// @inheritdoc ITaskManager
    function createTask(TaskParams calldata params) external nonReentrant returns (uint256 taskId) {
        _checkBounds(params);
        taskId = ++_taskCount;
        Task storage task = _tasks[taskId];
        task.owner = msg.sender;
        task.status = TaskStatus.Joining;
        task.token = params.token;
        task.budget = uint128(params.budget);
        task.remaining = uint128(params.budget);
        task.rounds = uint16(params.rounds);
        task.minTrainers = uint8(params.minTrainers);
        task.maxTrainers = uint8(params.maxTrainers);
        task.minAggregators = uint8(params.minAggregators);
        task.stake = uint128(params.stake);
        task.aggregatorFeeBps = uint16(params.aggregatorFeeBps);
        task.validatorFeeBps = uint16(params.validatorFeeBps);
        task.joinSeconds = uint32(params.joinSeconds);
        task.commitSeconds = uint32(params.commitSeconds);
        task.referenceSeconds = uint32(params.referenceSeconds);
        task.settleSeconds = uint32(params.settleSeconds);
        task.joinDeadline = uint40(block.timestamp + params.joinSeconds);
        task.createdBlock = uint48(block.number);
        task.dimension = uint32(params.dimension);
        task.termsDigest = params.termsDigest;
        task.validatorCount = uint8(params.validators.length);
        for (uint256 i = 0; i < params.validators.length; i++) {
            address validator = params.validators[i];
            if (validator == address(0)) revert ParameterOutOfBounds("validators");
            for (uint256 j = 0; j < i; j++) {
                if (task.validators[j] == validator) revert ParameterOutOfBounds("validators");
            }
            task.validators[i] = validator;
        }
        emit TaskCreated(taskId, msg.sender, address(params.token), params.termsDigest, params.budget);
        _pull(params.token, params.budget);
    }

    /// @inheritdoc ITaskManager
    function join(uint256 taskId, uint256 roles, bytes calldata peerId) external nonReentrant {
        Task storage task = _task(taskId);
        if (task.status != TaskStatus.Joining) revert TaskNotJoining();
        if (block.timestamp >= task.joinDeadline) revert DeadlinePassed();
        if (roles == 0 || roles > (TRAINER | VALIDATOR | AGGREGATOR)) revert InvalidRoles();
        if (peerId.length == 0 || peerId.length > MAX_PEER_ID_BYTES) revert InvalidPeerId();
        // A validator that trains would score its own update.
        if (roles & TRAINER != 0 && roles & VALIDATOR != 0) revert TrainerCannotValidate();
        MemberRecord storage member = task.members[msg.sender];
        if (member.roles != 0) revert AlreadyJoined();
        member.roles = uint8(roles);
        if (roles & TRAINER != 0) {
            uint256 index = task.trainerCount;
            if (index == task.maxTrainers) revert TaskFull();
            task.trainers[index] = msg.sender;
            member.trainer = uint8(index);
            task.trainerCount = uint8(index + 1);
        }
        if (roles & VALIDATOR != 0) {
            uint256 index = _appointment(task, msg.sender);
            member.validator = uint8(index);
            task.joinedBits |= uint16(1 << index);
        }
        if (roles & AGGREGATOR != 0) {
            uint256 index = task.aggregatorCount;
            if (index == MAX_AGGREGATORS) revert TaskFull();
            task.aggregators[index] = msg.sender;
            member.aggregator = uint8(index);
            task.aggregatorCount = uint8(index + 1);
        }
        emit Joined(taskId, msg.sender, roles, peerId);
        if (_isComplete(task)) _start(taskId, task);
        _pull(task.token, task.stake);
    }

    /// @inheritdoc ITaskManager
    function withdrawStake(uint256 taskId) external nonReentrant returns (uint256 amount) {
        Task storage task = _task(taskId);
        MemberRecord storage member = task.members[msg.sender];
        if (member.roles == 0) revert NotAMember();
        if (task.status != TaskStatus.Ended) revert TaskNotEnded();
        if (member.withdrawn) revert AlreadyWithdrawn();
        member.withdrawn = true;
        amount = task.stake;
        emit StakeWithdrawn(taskId, msg.sender, amount);
        _push(task.token, msg.sender, amount);
    }

    /// @inheritdoc ITaskManager
    function refund(uint256 taskId) external nonReentrant returns (uint256 amount) {
        Task storage task = _task(taskId);
        if (task.status != TaskStatus.Ended) revert TaskNotEnded();
        amount = task.remaining;
        if (amount == 0) revert NothingToClaim();
        task.remaining = 0;
        emit Refunded(taskId, task.owner, amount);
        _push(task.token, task.owner, amount);
    }

    /// @inheritdoc ITaskManager
    function getTask(uint256 taskId) external view returns (TaskView memory state) {
        Task storage task = _task(taskId);
        state.params = TaskParams({
            token: task.token,
            budget: task.budget,
            rounds: task.rounds,
            minTrainers: task.minTrainers,
            maxTrainers: task.maxTrainers,
            minAggregators: task.minAggregators,
            stake: task.stake,
            aggregatorFeeBps: task.aggregatorFeeBps,
            validatorFeeBps: task.validatorFeeBps,
            joinSeconds: task.joinSeconds,
            commitSeconds: task.commitSeconds,
            referenceSeconds: task.referenceSeconds,
            settleSeconds: task.settleSeconds,
            dimension: task.dimension,
            termsDigest: task.termsDigest,
            validators: new address[](task.validatorCount)
        });
        state.activeValidators = new address[](_countBits(task.joinedBits));
        uint256 active = 0;
        for (uint256 i = 0; i < task.validatorCount; i++) {
            state.params.validators[i] = task.validators[i];
            if (_hasBit(task.joinedBits, i)) state.activeValidators[active++] = task.validators[i];
        }
        state.trainers = new address[](task.trainerCount);
        for (uint256 i = 0; i < task.trainerCount; i++) state.trainers[i] = task.trainers[i];
        state.aggregators = new address[](task.aggregatorCount);
        for (uint256 i = 0; i < task.aggregatorCount; i++) state.aggregators[i] = task.aggregators[i];
        state.owner = task.owner;
        state.status = task.status;
        state.remaining = task.remaining;
        state.round = task.round.number;
        state.joinDeadline = task.joinDeadline;
        state.totalCommitment = task.totalCommitment;
        state.createdBlock = task.createdBlock;
    }

    /// @inheritdoc ITaskManager
    function endBlock(uint256 taskId, uint256 round) external view returns (uint256) {
        return (_task(taskId).endBlocks[round / 8] >> (32 * (round % 8))) & type(uint32).max;
    }

    /// @dev Starts round 1.
    function _start(uint256 taskId, Task storage task) internal virtual;

    function _task(uint256 taskId) internal view returns (Task storage task) {
        task = _tasks[taskId];
        if (task.status == TaskStatus.None) revert UnknownTask();
    }

    /// @dev Everyone the task waits for is there: nobody needs to wait for the deadline.
    function _isComplete(Task storage task) private view returns (bool) {
        return task.trainerCount == task.maxTrainers && task.aggregatorCount >= task.minAggregators
            && task.joinedBits == (1 << task.validatorCount) - 1;
    }

    function _endTask(uint256 taskId, Task storage task) internal {
        task.status = TaskStatus.Ended;
        emit TaskEnded(taskId);
    }

    /// @dev Remembers where in the chain `round` ended (0: joining).
    function _markEnd(Task storage task, uint256 round) internal {
        task.endBlocks[round / 8] |= (block.number & type(uint32).max) << (32 * (round % 8));
    }

    function _countBits(uint256 bits) internal pure returns (uint256 count) {
        unchecked {
            for (; bits != 0; bits &= bits - 1) count++;
        }
    }

    function _hasBit(uint256 bits, uint256 index) internal pure returns (bool) {
        return (bits >> index) & 1 == 1;
    }

    function _appointment(Task storage task, address account) private view returns (uint256) {
        for (uint256 i = 0; i < task.validatorCount; i++) {
            if (task.validators[i] == account) return i;
        }
        revert ValidatorNotAppointed();
    }

    function _checkBounds(TaskParams calldata p) private pure {
        _bound(p.budget, 1, type(uint128).max, "budget");
        _bound(p.rounds, 1, MAX_ROUNDS, "rounds");
        _bound(p.maxTrainers, 1, MAX_TRAINERS, "maxTrainers");
        _bound(p.minTrainers, 1, p.maxTrainers, "minTrainers");
        _bound(p.minAggregators, 1, MAX_AGGREGATORS, "minAggregators");
        _bound(p.stake, 0, type(uint128).max, "stake");
        _bound(p.aggregatorFeeBps, 0, MAX_FEES_BPS, "aggregatorFeeBps");
        _bound(p.validatorFeeBps, 0, MAX_FEES_BPS - p.aggregatorFeeBps, "validatorFeeBps");
        _bound(p.joinSeconds, 1, type(uint32).max, "joinSeconds");
        _bound(p.commitSeconds, 1, type(uint32).max, "commitSeconds");
        _bound(p.referenceSeconds, 1, type(uint32).max, "referenceSeconds");
        _bound(p.settleSeconds, 1, type(uint32).max, "settleSeconds");
        _bound(p.dimension, 1, MAX_DIMENSION, "dimension");
        _bound(p.validators.length, 1, MAX_VALIDATORS, "validators");
    }

    function _bound(uint256 value, uint256 least, uint256 most, string memory name) private pure {
        if (value < least || value > most) revert ParameterOutOfBounds(name);
    }
}
