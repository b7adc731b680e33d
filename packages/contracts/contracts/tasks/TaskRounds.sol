// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {Bn254, G1Point} from "../libraries/Bn254.sol";
import {Departures} from "./Departures.sol";
import {RoundCommitments} from "./RoundCommitments.sol";
import {RoundFlow} from "./RoundFlow.sol";
import {Signatures} from "./Signatures.sol";
import {Slashing} from "./Slashing.sol";
import {Round, Task, TaskStore, Tasks, TRAINER, VALIDATOR} from "./TaskTypes.sol";
import {TokenFlow} from "./TokenFlow.sol";
import {VerdictFees} from "./VerdictFees.sol";

/// @title The phases of a round: what members do in each, and what becomes of those who do not
library TaskRounds {
    using Tasks for TaskStore;
    using Tasks for Task;

    /// @dev Bitmaps of trainers, of appointed validators, of aggregators.
    struct Absent {
        uint256 trainers;
        uint256 validators;
        uint256 aggregators;
    }

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

    /// @dev In the second half of the candidate's own window: in the first it asks off chain, where that costs
    /// nothing. The validators then have at least half of one more window to answer in.
    function requestVerdicts(TaskStore storage store, uint256 taskId, uint256 round) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Settle);
        uint256 turn = RoundFlow.turn(task, state);
        if (turn == RoundFlow.candidates(task)) revert ITaskManager.DeadlinePassed();
        if (task.aggregators[RoundFlow.candidateAt(task, state, turn)] != msg.sender) {
            revert ITaskManager.NotYourTurn();
        }
        uint256 window = task.settleSeconds;
        if (block.timestamp < state.settleStart + turn * window + window / 2) revert ITaskManager.DeadlineNotPassed();
        if (state.verdictsRequested) revert ITaskManager.AlreadyRequested();
        state.verdictsRequested = true;
        state.requestedTurn = uint8(turn);
        task.round = state;
        task.commitments[round] = keccak256(RoundCommitments.load(task, state));
        (uint256 fee, uint256 total) = VerdictFees.set(task, round);
        emit ITaskManager.VerdictsRequested(taskId, round, msg.sender, fee);
        if (total != 0) TokenFlow.pull(task.token, total);
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
        // A validator that rejects every reference says that this round cannot be settled.
        if (rejected != state.openedBits && agreed > state.verdictsAgreed) {
            if (task.isMajority(agreed) && !task.isMajority(state.verdictsAgreed)) {
                state.agreedTurn = uint8(
                    (block.timestamp - state.settleStart + task.settleSeconds / 2) / task.settleSeconds
                );
            }
            state.verdictsAgreed = agreed;
        }
        task.round = state;
        VerdictFees.pay(store, task, vote.validator);
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
        Absent memory absent = _absent(task, state);
        _note(taskId, task, absent);
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
            VerdictFees.giveBack(store, task, state);
            RoundFlow.next(taskId, task, state.number);
        }
        _slash(taskId, task, state.number, stakes, absent);
    }

    function leaveTask(TaskStore storage store, uint256 taskId) external {
        Departures.leaveTask(taskId, store.get(taskId));
    }

    function _endJoining(uint256 taskId, Task storage task) private {
        if (block.timestamp < task.joinDeadline) revert ITaskManager.DeadlineNotPassed();
        bool enough = task.trainerCount >= task.minTrainers && task.aggregatorCount >= task.minAggregators
            && Tasks.countBits(task.joinedBits) >= task.minValidators;
        if (enough) RoundFlow.start(taskId, task);
        else RoundFlow.endJoining(taskId, task);
    }

    /// @dev Writes the round back; the last action that the phase waits for ends it.
    function _store(uint256 taskId, Task storage task, Round memory state) private {
        if (state.phase == ITaskManager.Phase.Commit) {
            bool all = state.committed | task.departedTrainers == (1 << task.trainerCount) - 1
                && state.sealedBits == task.presentValidators();
            if (all) RoundFlow.enterReference(taskId, task, state);
        } else if (state.openedBits == state.sealedBits) {
            RoundFlow.enterSettle(taskId, task, state);
        }
        task.round = state;
    }

    /// @dev The members that did not act in the phase that has run out, and are to blame for it.
    function _absent(Task storage task, Round memory state) private view returns (Absent memory absent) {
        uint256 validators = task.presentValidators();
        if (state.phase == ITaskManager.Phase.Commit) {
            absent.validators = validators & ~uint256(state.sealedBits);
            // The validators are the owner's choice: where too few of them sealed, no trainer could have saved the round.
            if (Tasks.countBits(state.sealedBits) >= task.minValidators) {
                absent.trainers = ((1 << task.trainerCount) - 1) & ~uint256(state.committed | task.departedTrainers);
            }
        } else if (state.phase == ITaskManager.Phase.Reference) {
            // Who did not seal was absent before.
            absent.validators = state.sealedBits & ~state.openedBits;
        } else {
            // Every candidate had its window, and anyone one more. The candidates could have settled, unless they
            // asked for verdicts and no majority gave the same; then the validators that gave none are to blame.
            if (!state.verdictsRequested || task.isMajority(state.verdictsAgreed)) {
                absent.aggregators = ((1 << task.aggregatorCount) - 1) & ~uint256(task.departedAggregators);
            }
            if (state.verdictsRequested) absent.validators = validators & ~uint256(state.verdictsPosted);
        }
    }

    function _note(uint256 taskId, Task storage task, Absent memory absent) private {
        for (uint256 i = 0; absent.trainers >> i != 0; i++) {
            if (Tasks.hasBit(absent.trainers, i)) Departures.noteAbsence(taskId, task, task.trainers[i]);
        }
        for (uint256 i = 0; absent.validators >> i != 0; i++) {
            if (Tasks.hasBit(absent.validators, i)) Departures.noteAbsence(taskId, task, task.validators[i]);
        }
        for (uint256 i = 0; absent.aggregators >> i != 0; i++) {
            if (Tasks.hasBit(absent.aggregators, i)) Departures.noteAbsence(taskId, task, task.aggregators[i]);
        }
    }

    function _slash(uint256 taskId, Task storage task, uint256 round, IStakeManager stakes, Absent memory absent)
        private
    {
        for (uint256 i = 0; absent.trainers >> i != 0; i++) {
            if (!Tasks.hasBit(absent.trainers, i)) continue;
            Slashing.slash(task, stakes, taskId, round, task.trainers[i], ITaskManager.Offence.TrainerAbsent);
        }
        for (uint256 i = 0; absent.aggregators >> i != 0; i++) {
            if (!Tasks.hasBit(absent.aggregators, i)) continue;
            Slashing.slash(task, stakes, taskId, round, task.aggregators[i], ITaskManager.Offence.AggregatorAbsent);
        }
        for (uint256 i = 0; absent.validators >> i != 0; i++) {
            if (!Tasks.hasBit(absent.validators, i)) continue;
            Slashing.slash(task, stakes, taskId, round, task.validators[i], ITaskManager.Offence.ValidatorAbsent);
        }
    }
}
