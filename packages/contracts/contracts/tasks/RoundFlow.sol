// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {AddressList} from "../libraries/AddressList.sol";
import {Departures} from "./Departures.sol";
import {Round, Task, Tasks} from "./TaskTypes.sol";

/// @title From joining to the last round: the steps forward, there are no others
library RoundFlow {
    /// @dev Starts round 1.
    function start(uint256 taskId, Task storage task) internal {
        task.status = ITaskManager.TaskStatus.Running;
        uint256 validators = task.validatorCount;
        address[] memory members = new address[](validators + task.aggregatorCount);
        for (uint256 i = 0; i < members.length; i++) {
            members[i] = i < validators ? task.validators[i] : task.aggregators[i - validators];
        }
        task.memberList = AddressList.store(members);
        next(taskId, task, 0);
    }

    /// @dev Ends a task that never started.
    function endJoining(uint256 taskId, Task storage task) internal {
        _markEnd(task, 0);
        _end(taskId, task);
    }

    /// @dev Of the round in memory; the caller stores it. The block is drawn from when every salt is sealed and none
    /// is known: neither who ends a phase nor a block's proposer can tell where the draw will fall, unless all
    /// validators are its own. Not uniform to the last bit: it only orders the candidates, and each of them can settle
    /// nothing but the one correct result.
    function enterReference(uint256 taskId, Task storage task, Round memory state) internal {
        bytes32 seed = keccak256(abi.encode(block.prevrandao, blockhash(block.number - 1), taskId, state.number));
        state.draw = uint48(uint256(seed));
        state.phase = ITaskManager.Phase.Reference;
        state.deadline = uint40(block.timestamp + task.referenceSeconds);
        emit ITaskManager.PhaseChanged(taskId, state.number, ITaskManager.Phase.Reference, state.deadline);
    }

    /// @dev Adds what a validator had sealed to the draw; in whatever order. The caller stores the round.
    function addToDraw(Round memory state, bytes32 salt) internal view {
        state.draw ^= uint48(uint256(keccak256(abi.encode(msg.sender, salt))));
    }

    /// @dev One window for each candidate in turn, then one for anyone. The caller stores the round.
    function enterSettle(uint256 taskId, Task storage task, Round memory state) internal {
        uint256 count = candidates(task);
        state.drawnAggregator = uint8(_present(task, state.draw % count));
        state.phase = ITaskManager.Phase.Settle;
        state.settleStart = uint40(block.timestamp);
        state.deadline = uint40(block.timestamp + (count + 1) * task.settleSeconds);
        emit ITaskManager.AggregatorDrawn(taskId, state.number, state.drawnAggregator);
        emit ITaskManager.PhaseChanged(taskId, state.number, ITaskManager.Phase.Settle, state.deadline);
    }

    /// @dev The round after `ended`, or the task's end: after the last round, or where too few members are left for
    /// another. What a void round did not spend stays in `remaining`.
    function next(uint256 taskId, Task storage task, uint256 ended) internal {
        _markEnd(task, ended);
        if (!Departures.takeEffect(task) || ended == task.rounds) {
            _end(taskId, task);
            return;
        }
        uint256 number = ended + 1;
        uint256 deadline = block.timestamp + task.commitSeconds;
        Round memory state;
        state.number = uint16(number);
        state.phase = ITaskManager.Phase.Commit;
        state.deadline = uint40(deadline);
        task.round = state;
        emit ITaskManager.PhaseChanged(taskId, number, ITaskManager.Phase.Commit, deadline);
    }

    /// @dev How many candidates' windows of the settle phase have passed.
    function turn(Task storage task, Round memory state) internal view returns (uint256 passed) {
        passed = (block.timestamp - state.settleStart) / task.settleSeconds;
        uint256 count = candidates(task);
        if (passed > count) passed = count;
    }

    /// @dev How many aggregators have not departed; never none while a task runs.
    function candidates(Task storage task) internal view returns (uint256) {
        return task.aggregatorCount - Tasks.countBits(task.departedAggregators);
    }

    /// @dev Index of the aggregator whose window comes after `others`: from the drawn one on, without those that
    /// have departed.
    function candidateAt(Task storage task, Round memory state, uint256 others) internal view returns (uint256 index) {
        uint256 departed = task.departedAggregators;
        uint256 count = task.aggregatorCount;
        index = state.drawnAggregator;
        while (others != 0) {
            index = (index + 1) % count;
            if (!Tasks.hasBit(departed, index)) others--;
        }
    }

    /// @dev Index of the aggregator that `skip` others come before, of those that have not departed.
    function _present(Task storage task, uint256 skip) private view returns (uint256 index) {
        uint256 departed = task.departedAggregators;
        for (;; index++) {
            if (Tasks.hasBit(departed, index)) continue;
            if (skip == 0) return index;
            skip--;
        }
    }

    function _end(uint256 taskId, Task storage task) private {
        task.status = ITaskManager.TaskStatus.Ended;
        emit ITaskManager.TaskEnded(taskId);
    }

    /// @dev Remembers where in the chain `round` ended (0: joining).
    function _markEnd(Task storage task, uint256 round) private {
        task.endBlocks[round / 8] |= (block.number & type(uint32).max) << (32 * (round % 8));
    }
}
