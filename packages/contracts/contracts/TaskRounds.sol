// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {AddressList} from "./libraries/AddressList.sol";
import {Bn254, G1Point} from "./libraries/Bn254.sol";
import {TRAINER, VALIDATOR, TaskRegistry} from "./TaskRegistry.sol";

/// @title The phases of a round: commit, reference, settle
abstract contract TaskRounds is TaskRegistry {
    /// @inheritdoc ITaskManager
    function commitUpdate(uint256 taskId, uint256 round, G1Point calldata commitment, bytes32 digest) external {
        (Task storage task, Round memory state) = _open(taskId, round, Phase.Commit);
        MemberRecord storage member = task.members[msg.sender];
        if (member.roles & TRAINER == 0) revert NotAMember();
        uint256 index = member.trainer;
        if (_hasBit(state.committed, index)) revert AlreadyCommitted();
        if (!Bn254.isFinitePoint(commitment)) revert InvalidCommitment();
        task.updates[index] = VectorCommitment(commitment, digest);
        state.committed |= uint16(1 << index);
        emit UpdateCommitted(taskId, round, msg.sender, commitment, digest);
        _store(taskId, task, state);
    }

    /// @inheritdoc ITaskManager
    function sealReference(uint256 taskId, uint256 round, bytes32 seal) external {
        (Task storage task, Round memory state) = _open(taskId, round, Phase.Commit);
        uint256 index = _validatorIndex(task, msg.sender);
        if (_hasBit(state.sealedBits, index)) revert AlreadySealed();
        if (seal == 0) revert EmptySeal();
        task.seals[index] = seal;
        state.sealedBits |= uint16(1 << index);
        emit ReferenceSealed(taskId, round, msg.sender, seal);
        _store(taskId, task, state);
    }

    /// @inheritdoc ITaskManager
    function openReference(
        uint256 taskId,
        uint256 round,
        G1Point calldata commitment,
        bytes32 digest,
        bytes32 salt
    ) external {
        (Task storage task, Round memory state) = _open(taskId, round, Phase.Reference);
        uint256 index = _validatorIndex(task, msg.sender);
        if (!_hasBit(state.sealedBits, index)) revert NotSealed();
        if (_hasBit(state.openedBits, index)) revert AlreadyOpened();
        if (!Bn254.isFinitePoint(commitment)) revert InvalidCommitment();
        bytes32 seal =
            keccak256(abi.encode(taskId, round, msg.sender, commitment.x, commitment.y, digest, salt));
        if (seal != task.seals[index]) revert WrongOpening();
        task.references[index] = VectorCommitment(commitment, digest);
        task.referenceSum = state.openedBits == 0 ? commitment : Bn254.add(task.referenceSum, commitment);
        state.openedBits |= uint16(1 << index);
        emit ReferenceOpened(taskId, round, msg.sender, commitment, digest);
        _store(taskId, task, state);
    }

    /// @inheritdoc ITaskManager
    function advance(uint256 taskId) external {
        Task storage task = _task(taskId);
        if (task.status == TaskStatus.Ended) revert WrongPhase();
        if (task.status == TaskStatus.Joining) {
            if (block.timestamp < task.joinDeadline) revert DeadlineNotPassed();
            if (
                task.trainerCount >= task.minTrainers && task.aggregatorCount >= task.minAggregators
                    && task.joinedBits != 0
            ) {
                _start(taskId, task);
            } else {
                _markEnd(task, 0);
                _endTask(taskId, task);
            }
            return;
        }
        Round memory state = task.round;
        if (block.timestamp < state.deadline) revert DeadlineNotPassed();
        if (state.phase == Phase.Commit && state.committed != 0 && state.sealedBits != 0) {
            _enterReference(taskId, task, state);
        } else if (state.phase == Phase.Reference && state.openedBits != 0) {
            _enterSettle(taskId, task, state);
        } else {
            state.phase = Phase.Void;
            task.round = state;
            emit RoundVoided(taskId, state.number);
            _nextRound(taskId, task, state.number);
            return;
        }
        task.round = state;
    }

    /// @inheritdoc ITaskManager
    function getRound(uint256 taskId) external view returns (RoundView memory result) {
        Task storage task = _task(taskId);
        Round memory state = task.round;
        result.number = state.number;
        result.phase = state.phase;
        result.deadline = state.deadline;
        result.settleStart = state.settleStart;
        result.drawnAggregator = state.drawnAggregator;
        result.updates = new VectorCommitment[](task.trainerCount);
        for (uint256 i = 0; i < task.trainerCount; i++) {
            if (_hasBit(state.committed, i)) result.updates[i] = task.updates[i];
        }
        result.references = new ReferenceView[](_countBits(task.joinedBits));
        uint256 active = 0;
        for (uint256 i = 0; i < task.validatorCount; i++) {
            if (!_hasBit(task.joinedBits, i)) continue;
            ReferenceView memory entry = result.references[active++];
            entry.validator = task.validators[i];
            if (_hasBit(state.sealedBits, i)) entry.seal = task.seals[i];
            if (_hasBit(state.openedBits, i)) entry.opened = task.references[i];
        }
    }

    /// @dev The round after `ended`, or the task's end. A void round's budget stays in `remaining`.
    function _nextRound(uint256 taskId, Task storage task, uint256 ended) internal {
        _markEnd(task, ended);
        if (ended == task.rounds) {
            _endTask(taskId, task);
            return;
        }
        uint256 number = ended + 1;
        // Not uniform to the last bit and open to a proposer's influence: it only orders the candidates, and
        // each of them can settle nothing but the one correct result.
        uint256 candidate = uint256(
            keccak256(abi.encode(block.prevrandao, blockhash(block.number - 1), taskId, number))
        ) % task.aggregatorCount;
        uint256 deadline = block.timestamp + task.commitSeconds;
        task.round = Round({
            number: uint16(number),
            phase: Phase.Commit,
            drawnAggregator: uint8(candidate),
            deadline: uint40(deadline),
            settleStart: 0,
            committed: 0,
            sealedBits: 0,
            openedBits: 0
        });
        emit AggregatorDrawn(taskId, number, candidate);
        emit PhaseChanged(taskId, number, Phase.Commit, deadline);
    }

    /// @inheritdoc TaskRegistry
    function _start(uint256 taskId, Task storage task) internal override {
        task.status = TaskStatus.Running;
        (uint256 trainers, uint256 validators) = (task.trainerCount, task.validatorCount);
        address[] memory members = new address[](trainers + validators + task.aggregatorCount);
        for (uint256 i = 0; i < members.length; i++) {
            if (i < trainers) members[i] = task.trainers[i];
            else if (i < trainers + validators) members[i] = task.validators[i - trainers];
            else members[i] = task.aggregators[i - trainers - validators];
        }
        task.memberList = AddressList.store(members);
        _nextRound(taskId, task, 0);
    }

    /// @dev The task and its current round, if it is `round` in `phase` before its deadline.
    function _open(uint256 taskId, uint256 round, Phase phase)
        internal
        view
        returns (Task storage task, Round memory state)
    {
        task = _task(taskId);
        state = task.round;
        if (task.status != TaskStatus.Running || state.phase != phase) revert WrongPhase();
        if (state.number != round) revert WrongRound();
        if (block.timestamp >= state.deadline) revert DeadlinePassed();
    }

    function _validatorIndex(Task storage task, address account) internal view returns (uint256) {
        MemberRecord storage member = task.members[account];
        if (member.roles & VALIDATOR == 0) revert NotAMember();
        return member.validator;
    }

    /// @dev Writes the round back; the action that everyone waited for ends the phase.
    function _store(uint256 taskId, Task storage task, Round memory state) private {
        if (state.phase == Phase.Commit) {
            bool all = state.committed == (1 << task.trainerCount) - 1 && state.sealedBits == task.joinedBits;
            if (all) _enterReference(taskId, task, state);
        } else if (state.openedBits == state.sealedBits) {
            _enterSettle(taskId, task, state);
        }
        task.round = state;
    }

    function _enterReference(uint256 taskId, Task storage task, Round memory state) private {
        state.phase = Phase.Reference;
        state.deadline = uint40(block.timestamp + task.referenceSeconds);
        emit PhaseChanged(taskId, state.number, Phase.Reference, state.deadline);
    }

    /// @dev One window for each candidate in turn, then one for anyone.
    function _enterSettle(uint256 taskId, Task storage task, Round memory state) private {
        state.phase = Phase.Settle;
        state.settleStart = uint40(block.timestamp);
        state.deadline = uint40(block.timestamp + (uint256(task.aggregatorCount) + 1) * task.settleSeconds);
        emit PhaseChanged(taskId, state.number, Phase.Settle, state.deadline);
    }
}
