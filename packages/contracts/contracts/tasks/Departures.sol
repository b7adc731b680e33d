// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {AGGREGATOR, MemberRecord, Task, Tasks, TRAINER, VALIDATOR} from "./TaskTypes.sol";

/// @title Who leaves a running task, by its own will or by being absent
/// @dev A departure is noted at once and takes effect between two rounds, so that within a round nothing moves: whom
/// it waits for, whose window it is, whose word counts. A member has all duties until then, and pays for those it misses.
library Departures {
    using Tasks for Task;

    function leaveTask(uint256 taskId, Task storage task) internal {
        if (task.status != ITaskManager.TaskStatus.Running) revert ITaskManager.WrongPhase();
        MemberRecord storage record = task.members[msg.sender];
        if (record.roles == 0) revert ITaskManager.NotAMember();
        if (record.lastRound != 0) revert ITaskManager.AlreadyLeaving();
        _mark(taskId, task, record, msg.sender, false);
    }

    /// @dev Counts a member as absent in the current round: once, whatever the number of its roles. It is dropped where
    /// it was absent in as many rounds in a row as the task allows, or where absence has cost it all that it may: an
    /// absence that costs nothing any more is the last one.
    function noteAbsence(uint256 taskId, Task storage task, address member) internal {
        MemberRecord storage record = task.members[member];
        uint256 round = task.round.number;
        uint256 last = record.lastAbsent;
        if (last == round) return;
        uint256 missed = last + 1 == round ? uint256(record.absentRounds) + 1 : 1;
        record.lastAbsent = uint16(round);
        // At most `missedRounds`, which is at most 16: then the member is dropped.
        record.absentRounds = uint8(missed);
        if (record.lastRound != 0) return;
        if (missed >= task.slashing.missedRounds || record.absenceBps >= task.slashing.absenceCap) {
            _mark(taskId, task, record, member, true);
        }
    }

    /// @dev Between two rounds: those who were leaving are gone.
    /// @return whether enough are left for another round
    function takeEffect(Task storage task) internal returns (bool) {
        uint256 trainers = task.leavingTrainers;
        uint256 validators = task.leavingValidators;
        uint256 aggregators = task.leavingAggregators;
        if (trainers | validators | aggregators == 0) return true;
        task.departedTrainers |= uint16(trainers);
        task.departedValidators |= uint16(validators);
        task.departedAggregators |= uint16(aggregators);
        (task.leavingTrainers, task.leavingValidators, task.leavingAggregators) = (0, 0, 0);
        uint256 present = Tasks.countBits(task.presentValidators());
        return task.trainerCount - Tasks.countBits(task.departedTrainers) >= task.minTrainers
            && present >= task.minValidators && task.isMajority(present)
            && Tasks.countBits(task.departedAggregators) < task.aggregatorCount;
    }

    function _mark(uint256 taskId, Task storage task, MemberRecord storage record, address member, bool dropped)
        private
    {
        uint16 round = task.round.number;
        uint256 roles = record.roles;
        record.lastRound = round;
        if (roles & TRAINER != 0) task.leavingTrainers |= uint16(1 << record.trainer);
        if (roles & VALIDATOR != 0) task.leavingValidators |= uint16(1 << record.validator);
        if (roles & AGGREGATOR != 0) task.leavingAggregators |= uint16(1 << record.aggregator);
        emit ITaskManager.MemberLeaving(taskId, round, member, dropped);
    }
}
