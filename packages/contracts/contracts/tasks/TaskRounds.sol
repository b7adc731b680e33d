// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {Bn254, G1Point} from "../libraries/Bn254.sol";
import {RoundCommitments} from "./RoundCommitments.sol";
import {RoundFlow} from "./RoundFlow.sol";
import {Signatures} from "./Signatures.sol";
import {Slashing} from "./Slashing.sol";
import {AGGREGATOR, Round, Task, TaskStore, Tasks, TRAINER, VALIDATOR} from "./TaskTypes.sol";

/// @title The phases of a round: what members do in each, and what becomes of those who do not
library TaskRounds {
    using Tasks for TaskStore;
    using Tasks for Task;

    function commitUpdate(
        TaskStore storage store,
        uint256 taskId,
        uint256 round,
        G1Point calldata commitment,
        bytes32 digest
    ) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Commit);
        uint256 index = task.member(msg.sender, TRAINER).trainer;
        if (Tasks.hasBit(state.committed, index)) revert ITaskManager.AlreadyCommitted();
        if (!Bn254.isFinitePoint(commitment)) revert ITaskManager.InvalidCommitment();
        task.updates[index] = ITaskManager.VectorCommitment(commitment, digest);
        state.committed |= uint16(1 << index);
        emit ITaskManager.UpdateCommitted(taskId, round, msg.sender, commitment, digest);
        _store(taskId, task, state);
    }

    function sealReference(TaskStore storage store, uint256 taskId, uint256 round, bytes32 seal) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Commit);
        uint256 index = task.member(msg.sender, VALIDATOR).validator;
        if (Tasks.hasBit(state.sealedBits, index)) revert ITaskManager.AlreadySealed();
        if (seal == 0) revert ITaskManager.EmptySeal();
        task.seals[index] = seal;
        state.sealedBits |= uint16(1 << index);
        emit ITaskManager.ReferenceSealed(taskId, round, msg.sender, seal);
        _store(taskId, task, state);
    }

    function openReference(
        TaskStore storage store,
        uint256 taskId,
        uint256 round,
        G1Point calldata commitment,
        bytes32 digest,
        bytes32 salt
    ) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Reference);
        uint256 index = task.member(msg.sender, VALIDATOR).validator;
        if (!Tasks.hasBit(state.sealedBits, index)) revert ITaskManager.NotSealed();
        if (Tasks.hasBit(state.openedBits, index)) revert ITaskManager.AlreadyOpened();
        if (!Bn254.isFinitePoint(commitment)) revert ITaskManager.InvalidCommitment();
        bytes32 seal =
            keccak256(abi.encode(taskId, round, msg.sender, commitment.x, commitment.y, digest, salt));
        if (seal != task.seals[index]) revert ITaskManager.WrongOpening();
        task.references[index] = ITaskManager.VectorCommitment(commitment, digest);
        state.openedBits |= uint16(1 << index);
        RoundFlow.addToDraw(state, salt);
        emit ITaskManager.ReferenceOpened(taskId, round, msg.sender, commitment, digest);
        _store(taskId, task, state);
    }

    /// @dev Only while a candidate's window lasts: the validators then have at least half of one more to answer in.
    function requestVerdicts(TaskStore storage store, uint256 taskId, uint256 round) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Settle);
        task.member(msg.sender, AGGREGATOR);
        uint256 turn = RoundFlow.turn(task, state);
        if (turn == task.aggregatorCount) revert ITaskManager.DeadlinePassed();
        if (state.verdictsRequested) revert ITaskManager.AlreadyRequested();
        state.verdictsRequested = true;
        state.requestedTurn = uint8(turn);
        task.round = state;
        task.commitments[round] = keccak256(RoundCommitments.load(task, state));
        emit ITaskManager.VerdictsRequested(taskId, round, msg.sender);
    }

    /// @dev Half of the last window is left to settle with what was posted: a majority that waited longer could have
    /// every candidate slashed for what none could do.
    function postVerdict(
        TaskStore storage store,
        bytes32 domain,
        uint256 taskId,
        uint256 round,
        uint256 unavailable,
        uint256 rejected,
        G1Point calldata novelty,
        ITaskManager.Vote calldata vote
    ) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Settle);
        if (!state.verdictsRequested) revert ITaskManager.WrongPhase();
        if (block.timestamp + task.settleSeconds / 2 >= state.deadline) revert ITaskManager.DeadlinePassed();
        if (unavailable & ~uint256(state.committed) != 0) revert ITaskManager.UnavailableNotCommitted();
        if (rejected & ~uint256(state.openedBits) != 0) revert ITaskManager.RejectedNotOpened();
        bytes32 noveltyHash = RoundCommitments.noveltyHash(task, novelty);
        uint256 posted = Signatures.addVerdict(
            task, domain, taskId, round, task.commitments[round], unavailable, rejected, noveltyHash, vote, 0
        );
        if (state.verdictsPosted & posted != 0) revert ITaskManager.AlreadyPosted();
        state.verdictsPosted |= uint16(posted);
        uint8 agreed = ++task.verdicts[keccak256(abi.encode(round, unavailable, rejected, noveltyHash))];
        // Whoever rejects every reference says that this round cannot be settled.
        if (rejected != state.openedBits && agreed > state.verdictsAgreed) {
            if (task.isMajority(agreed) && !task.isMajority(state.verdictsAgreed)) {
                state.agreedTurn = uint8(
                    (block.timestamp - state.settleStart + task.settleSeconds / 2) / task.settleSeconds
                );
            }
            state.verdictsAgreed = agreed;
        }
        task.round = state;
        emit ITaskManager.VerdictPosted(taskId, round, vote.validator, unavailable, rejected, novelty, vote);
    }

    function advance(TaskStore storage store, IStakeManager stakes, uint256 taskId) external {
        Task storage task = store.get(taskId);
        if (task.status == ITaskManager.TaskStatus.Ended) revert ITaskManager.WrongPhase();
        if (task.status == ITaskManager.TaskStatus.Joining) {
            _endJoining(taskId, task);
            return;
        }
        Round memory state = task.round;
        if (block.timestamp < state.deadline) revert ITaskManager.DeadlineNotPassed();
        ITaskManager.Phase phase = state.phase;
        uint256 quorum = task.minValidators;
        if (phase == ITaskManager.Phase.Commit && state.committed != 0 && Tasks.countBits(state.sealedBits) >= quorum)
        {
            RoundFlow.enterReference(taskId, task, state);
            task.round = state;
        } else if (phase == ITaskManager.Phase.Reference && Tasks.countBits(state.openedBits) >= quorum) {
            RoundFlow.enterSettle(taskId, task, state);
            task.round = state;
        } else {
            state.phase = ITaskManager.Phase.Void;
            task.round = state;
            emit ITaskManager.RoundVoided(taskId, state.number);
            RoundFlow.next(taskId, task, state.number);
        }
        if (phase == ITaskManager.Phase.Commit) _slashCommit(taskId, task, state, stakes);
        else if (phase == ITaskManager.Phase.Reference) _slashReference(taskId, task, state, stakes);
        else _slashSettle(taskId, task, state, stakes);
    }

    function _endJoining(uint256 taskId, Task storage task) private {
        if (block.timestamp < task.joinDeadline) revert ITaskManager.DeadlineNotPassed();
        bool enough = task.trainerCount >= task.minTrainers && task.aggregatorCount >= task.minAggregators
            && Tasks.countBits(task.joinedBits) >= task.minValidators;
        if (enough) RoundFlow.start(taskId, task);
        else RoundFlow.endJoining(taskId, task);
    }

    /// @dev Writes the round back; the action that everyone waited for ends the phase.
    function _store(uint256 taskId, Task storage task, Round memory state) private {
        if (state.phase == ITaskManager.Phase.Commit) {
            bool all = state.committed == (1 << task.trainerCount) - 1 && state.sealedBits == task.joinedBits;
            if (all) RoundFlow.enterReference(taskId, task, state);
        } else if (state.openedBits == state.sealedBits) {
            RoundFlow.enterSettle(taskId, task, state);
        }
        task.round = state;
    }

    /// @dev Trainers that did not commit, validators that did not seal.
    function _slashCommit(uint256 taskId, Task storage task, Round memory state, IStakeManager stakes) private {
        for (uint256 i = 0; i < task.trainerCount; i++) {
            if (Tasks.hasBit(state.committed, i)) continue;
            Slashing.slash(task, stakes, taskId, state.number, task.trainers[i], ITaskManager.Offence.TrainerAbsent);
        }
        _slashValidators(taskId, task, state, stakes, task.joinedBits & ~state.sealedBits);
    }

    /// @dev Validators that did not open what they sealed.
    function _slashReference(uint256 taskId, Task storage task, Round memory state, IStakeManager stakes) private {
        _slashValidators(taskId, task, state, stakes, state.sealedBits & ~state.openedBits);
    }

    /// @dev Every candidate had its window, and anyone one more. The candidates could have settled, unless they
    /// asked for verdicts and no majority gave the same; then whoever gave none is to blame.
    function _slashSettle(uint256 taskId, Task storage task, Round memory state, IStakeManager stakes) private {
        if (!state.verdictsRequested || task.isMajority(state.verdictsAgreed)) {
            for (uint256 i = 0; i < task.aggregatorCount; i++) {
                Slashing.slash(
                    task, stakes, taskId, state.number, task.aggregators[i], ITaskManager.Offence.AggregatorAbsent
                );
            }
        }
        if (state.verdictsRequested) {
            _slashValidators(taskId, task, state, stakes, task.joinedBits & ~state.verdictsPosted);
        }
    }

    function _slashValidators(
        uint256 taskId,
        Task storage task,
        Round memory state,
        IStakeManager stakes,
        uint256 absent
    ) private {
        for (uint256 i = 0; absent >> i != 0; i++) {
            if (!Tasks.hasBit(absent, i)) continue;
            Slashing.slash(
                task, stakes, taskId, state.number, task.validators[i], ITaskManager.Offence.ValidatorAbsent
            );
        }
    }
}
