// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {RoundRecords} from "./RoundRecords.sol";
import {TaskClaims} from "./TaskClaims.sol";
import {CaseRecord, MAX_TRAINERS, MemberRecord, Round, Task, TaskStore, Tasks, TRAINER} from "./TaskTypes.sol";

/// @title Reading tasks
abstract contract TaskViews is ITaskManager {
    using Tasks for TaskStore;
    using Tasks for Task;

    /// @dev The only storage there is.
    TaskStore internal _store;

    /// @inheritdoc ITaskManager
    function getTask(uint256 taskId) external view returns (TaskView memory state) {
        Task storage task = _store.get(taskId);
        state.params = _params(task);
        state.owner = task.owner;
        state.agreement = task.agreement;
        state.status = task.status;
        state.remaining = task.remaining;
        state.round = task.round.number;
        state.joinDeadline = task.joinDeadline;
        state.trainers = new address[](task.trainerCount);
        for (uint256 i = 0; i < task.trainerCount; i++) state.trainers[i] = task.trainers[i];
        state.aggregators = new address[](task.aggregatorCount);
        for (uint256 i = 0; i < task.aggregatorCount; i++) state.aggregators[i] = task.aggregators[i];
        state.activeValidators = new address[](Tasks.countBits(task.joinedBits));
        uint256 active = 0;
        for (uint256 i = 0; i < task.validatorCount; i++) {
            if (Tasks.hasBit(task.joinedBits, i)) state.activeValidators[active++] = task.validators[i];
        }
        state.totalCommitment = task.totalCommitment;
        state.createdBlock = task.createdBlock;
        state.verifier = task.verifier;
        state.protocolFeeBps = task.protocolFeeBps;
        state.contestSeconds = task.contestSeconds;
        state.slashing = task.slashing;
        state.protocolFees = task.protocolFees;
        for (uint256 i = 0; i < task.trainerCount; i++) state.openCases += task.openCases[i];
        state.departedTrainers = task.departedTrainers;
        state.departedValidators = task.departedValidators;
        state.departedAggregators = task.departedAggregators;
    }

    /// @inheritdoc ITaskManager
    function getRound(uint256 taskId) external view returns (RoundView memory result) {
        Task storage task = _store.get(taskId);
        Round memory state = task.round;
        result.number = state.number;
        result.phase = state.phase;
        result.deadline = state.deadline;
        result.settleStart = state.settleStart;
        result.drawnAggregator = state.drawnAggregator;
        result.verdictsRequested = state.verdictsRequested;
        result.verdictsPosted = state.verdictsPosted;
        if (state.verdictsRequested) result.verdictFee = task.verdictFee;
        result.updates = new VectorCommitment[](task.trainerCount);
        for (uint256 i = 0; i < task.trainerCount; i++) {
            if (Tasks.hasBit(state.committed, i)) result.updates[i] = task.updates[i];
        }
        result.references = new ReferenceView[](Tasks.countBits(task.joinedBits));
        uint256 active = 0;
        for (uint256 i = 0; i < task.validatorCount; i++) {
            if (!Tasks.hasBit(task.joinedBits, i)) continue;
            ReferenceView memory entry = result.references[active++];
            entry.validator = task.validators[i];
            if (Tasks.hasBit(state.sealedBits, i)) entry.seal = task.seals[i];
            if (Tasks.hasBit(state.openedBits, i)) entry.opened = task.references[i];
        }
    }

    /// @inheritdoc ITaskManager
    function getMember(uint256 taskId, address account) external view returns (MemberView memory result) {
        Task storage task = _store.get(taskId);
        MemberRecord memory member = task.members[account];
        result.roles = member.roles;
        result.agentId = member.agentId;
        result.trainer = member.trainer;
        result.validator = member.validator;
        result.aggregator = member.aggregator;
        result.released = member.released;
        result.lastRound = member.lastRound;
        result.absenceBps = member.absenceBps;
        if (member.roles & TRAINER == 0) return result;
        result.earned = RoundRecords.earned(task, member.trainer);
        result.claimed = task.claimed[member.trainer];
        result.vesting = RoundRecords.vesting(task, member.trainer);
    }

    /// @inheritdoc ITaskManager
    function getRecord(uint256 taskId, uint256 round) external view returns (RoundRecord memory) {
        return RoundRecords.read(_store.get(taskId), round);
    }

    /// @inheritdoc ITaskManager
    function getCase(uint256 taskId, uint256 round, uint256 trainer) external view returns (CaseView memory) {
        Task storage task = _store.get(taskId);
        if (round > task.rounds || trainer >= MAX_TRAINERS) return CaseView(0, 0, false, 0);
        CaseRecord memory record = task.caseOf(round, trainer);
        return CaseView(record.deadline, record.accusers, record.resolved, record.available);
    }

    /// @inheritdoc ITaskManager
    function endBlock(uint256 taskId, uint256 round) external view returns (uint256) {
        return (_store.get(taskId).endBlocks[round / 8] >> (32 * (round % 8))) & type(uint32).max;
    }

    /// @inheritdoc ITaskManager
    function claimable(IERC20 token, address account, uint256[] calldata taskIds) external view returns (uint256) {
        return TaskClaims.claimable(_store, token, account, taskIds);
    }

    /// @inheritdoc ITaskManager
    function nonces(address account) external view returns (uint256) {
        return _store.nonces[account];
    }

    /// @dev The terms as they were given.
    function _params(Task storage task) private view returns (TaskParams memory p) {
        p.token = task.token;
        p.budget = task.budget;
        p.rounds = task.rounds;
        p.minTrainers = task.minTrainers;
        p.maxTrainers = task.maxTrainers;
        p.minAggregators = task.minAggregators;
        p.stake = task.stake;
        p.minValidators = task.minValidators;
        p.aggregatorFeeBps = task.aggregatorFeeBps;
        p.validatorFeeBps = task.validatorFeeBps;
        p.joinSeconds = task.joinSeconds;
        p.commitSeconds = task.commitSeconds;
        p.referenceSeconds = task.referenceSeconds;
        p.settleSeconds = task.settleSeconds;
        p.dimension = task.dimension;
        p.rule = task.rule;
        p.termsDigest = task.termsDigest;
        p.allowRoot = task.allowRoot;
        p.minReputation = task.minReputation;
        p.vestingRounds = task.vestingRounds;
        p.stagnationBps = task.stagnationBps;
        p.minShareBps = task.minShareBps;
        p.slashReporterBps = task.slashReporterBps;
        p.slashBurnBps = task.slashBurnBps;
        p.validators = new address[](task.validatorCount);
        for (uint256 i = 0; i < task.validatorCount; i++) p.validators[i] = task.validators[i];
    }
}
