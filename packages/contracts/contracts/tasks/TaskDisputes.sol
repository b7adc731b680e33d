// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {Signatures} from "./Signatures.sol";
import {Slashing} from "./Slashing.sol";
import {CaseRecord, MAX_TRAINERS, MemberRecord, Task, TaskStore, Tasks, TRAINER, VALIDATOR} from "./TaskTypes.sol";

/// @title Was a payload available? And the stake that waits for the answer
/// @dev Cases outlive their round and their task: nothing waits for them but the stake of those they may cost.
library TaskDisputes {
    using Tasks for TaskStore;
    using Tasks for Task;

    function publishPayload(TaskStore storage store, uint256 taskId, uint256 round) external {
        Task storage task = store.get(taskId);
        MemberRecord storage member = task.members[msg.sender];
        // Also of one that has departed: its stake answers for the case.
        if (member.roles & TRAINER == 0) revert ITaskManager.NotAMember();
        uint256 trainer = member.trainer;
        CaseRecord storage record = _openCase(task, round, trainer);
        if (block.timestamp >= record.deadline) revert ITaskManager.DeadlinePassed();
        emit ITaskManager.PayloadPublished(taskId, round, msg.sender);
    }

    function contest(
        TaskStore storage store,
        bytes32 domain,
        uint256 taskId,
        uint256 round,
        uint256 trainer,
        ITaskManager.AvailableVote[] calldata votes
    ) external {
        Task storage task = store.get(taskId);
        CaseRecord storage record = _openCase(task, round, trainer);
        if (block.timestamp >= record.deadline) revert ITaskManager.DeadlinePassed();
        bytes32 commitments = task.commitments[round];
        uint256 voted = 0;
        for (uint256 i = 0; i < votes.length; i++) {
            voted = Signatures.addAvailable(task, domain, taskId, round, commitments, trainer, votes[i], voted);
        }
        uint256 before = record.available;
        uint256 available = before | voted;
        if (!task.isMajority(Tasks.countBits(available))) revert ITaskManager.NotEnoughVotes();
        if (available == before) revert ITaskManager.AlreadyPosted();
        record.available = uint16(available);
        if (record.accusers & ~available == 0) {
            _close(task, taskId, round, trainer, record, true);
            return;
        }
        // The sender of the votes may leave some out: the accusers among them have as long again to add their own.
        if (before == 0) record.deadline += task.contestSeconds;
        emit ITaskManager.CaseContested(taskId, round, task.trainers[trainer], available, record.deadline);
    }

    function resolveCase(
        TaskStore storage store,
        IStakeManager stakes,
        uint256 taskId,
        uint256 round,
        uint256 trainer
    ) external {
        Task storage task = store.get(taskId);
        CaseRecord storage record = _openCase(task, round, trainer);
        if (block.timestamp < record.deadline) revert ITaskManager.DeadlineNotPassed();
        uint256 available = record.available;
        _close(task, taskId, round, trainer, record, available != 0);
        if (available == 0) {
            Slashing.slash(task, stakes, taskId, round, task.trainers[trainer], ITaskManager.Offence.Unavailable);
            return;
        }
        uint256 wrong = record.accusers & ~available;
        for (uint256 i = 0; wrong >> i != 0; i++) {
            if (!Tasks.hasBit(wrong, i)) continue;
            Slashing.slash(task, stakes, taskId, round, task.validators[i], ITaskManager.Offence.FalseVerdict);
        }
    }

    function releaseStake(TaskStore storage store, IStakeManager stakes, uint256 taskId, address account) external {
        Task storage task = store.get(taskId);
        MemberRecord storage record = task.members[account];
        if (record.roles == 0) revert ITaskManager.NotAMember();
        if (task.status != ITaskManager.TaskStatus.Ended && Tasks.takesPart(record, task.round.number)) {
            revert ITaskManager.TaskNotEnded();
        }
        if (record.released) revert ITaskManager.AlreadyReleased();
        if (record.roles & TRAINER != 0 && task.openCases[record.trainer] != 0) revert ITaskManager.CaseOpen();
        if (record.roles & VALIDATOR != 0 && task.accusations[record.validator] != 0) revert ITaskManager.CaseOpen();
        record.released = true;
        emit ITaskManager.StakeReleased(taskId, account);
        stakes.unlock(task.token, record.agentId, taskId);
    }

    function _openCase(Task storage task, uint256 round, uint256 trainer)
        private
        view
        returns (CaseRecord storage record)
    {
        // Beyond these bounds the key of another case would be met.
        if (round > task.rounds || trainer >= MAX_TRAINERS) revert ITaskManager.NoCase();
        record = task.caseOf(round, trainer);
        if (record.deadline == 0) revert ITaskManager.NoCase();
        if (record.resolved) revert ITaskManager.CaseClosed();
    }

    function _close(
        Task storage task,
        uint256 taskId,
        uint256 round,
        uint256 trainer,
        CaseRecord storage record,
        bool available
    ) private {
        record.resolved = true;
        task.openCases[trainer]--;
        uint256 accusers = record.accusers;
        for (uint256 i = 0; accusers >> i != 0; i++) {
            if (Tasks.hasBit(accusers, i)) task.accusations[i]--;
        }
        emit ITaskManager.CaseResolved(taskId, round, task.trainers[trainer], available);
    }
}
