// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {AddressList} from "../libraries/AddressList.sol";
import {Bn254, G1Point} from "../libraries/Bn254.sol";
import {PackedWords} from "../libraries/PackedWords.sol";
import {HEAD_ROWS} from "../libraries/Transcript.sol";
import {Departures} from "./Departures.sol";
import {RoundCommitments} from "./RoundCommitments.sol";
import {RoundFlow} from "./RoundFlow.sol";
import {RoundRecords} from "./RoundRecords.sol";
import {Signatures} from "./Signatures.sol";
import {Slashing} from "./Slashing.sol";
import {BPS, CaseRecord, MAX_TRAINERS, Round, Task, TaskStore, Tasks} from "./TaskTypes.sol";
import {VerdictFees} from "./VerdictFees.sol";

/// @title The end of a round: who settles, what is checked, who is paid
library TaskSettlement {
    using Tasks for TaskStore;
    using Tasks for Task;

    /// @dev What the parts of a settlement hand on to each other.
    struct Work {
        uint256 taskId;
        // Candidates whose windows passed.
        uint256 turn;
        // Appointed validators, then aggregators.
        address[] members;
        bytes points;
        // Bitmaps: validators that voted, references that count, trainers that take part.
        uint256 voted;
        uint256 used;
        uint256 included;
        // One entry per trainer: first its share, then its reward.
        uint256[] rewards;
        // The shares that are paid, packed.
        uint256[3] shares;
        uint256 lossBefore;
        uint256 lossAfter;
        uint256 budget;
        uint256 protocolFee;
        uint256 aggregatorFee;
        uint256 validatorFee;
        uint256 pool;
        // Candidates that let their window pass, by turn; zero for those without blame.
        address[] absent;
    }

    function settle(
        TaskStore storage store,
        IStakeManager stakes,
        bytes32 domain,
        uint256 taskId,
        uint256 round,
        ITaskManager.Settlement calldata settlement
    ) external {
        (Task storage task, Round memory state) = store.open(taskId, round, ITaskManager.Phase.Settle);
        Work memory work;
        work.taskId = taskId;
        work.members =
            AddressList.load(task.memberList, 0, uint256(task.validatorCount) + task.aggregatorCount);
        _checkTurn(task, state, work);
        work.points = RoundCommitments.load(task, state);
        _checkVotes(task, state, domain, settlement, work);
        _checkShares(task, settlement, work);
        task.verifier.verify(_statement(task, state, settlement, work), settlement.proof);
        task.totalCommitment = Bn254.add(task.totalCommitment, settlement.aggregate);
        state.phase = ITaskManager.Phase.Settled;
        task.round = state;
        _pay(store, task, state, settlement, work);
        _openCases(task, state, settlement.unavailable, work);
        VerdictFees.giveBack(store, task, state);
        _blame(task, state, work);
        RoundFlow.next(taskId, task, round);
        _slash(task, state, stakes, settlement.rejected, work);
    }

    /// @dev The drawn candidate in its window, then the others in order with one window each, then anyone.
    function _checkTurn(Task storage task, Round memory state, Work memory work) private view {
        uint256 turn = RoundFlow.turn(task, state);
        work.turn = turn;
        if (turn == RoundFlow.candidates(task)) return;
        if (_candidate(task, state, work, turn) != msg.sender) revert ITaskManager.NotYourTurn();
    }

    function _candidate(Task storage task, Round memory state, Work memory work, uint256 turn)
        private
        view
        returns (address)
    {
        return work.members[task.validatorCount + RoundFlow.candidateAt(task, state, turn)];
    }

    /// @dev Every committed trainer is in, but those whom a strict majority of the validators found unavailable, and
    /// every opened reference, but those that it rejected. The same votes say that every other payload is available
    /// and opens its commitment: without them a trainer could commit to what is no int16 vector, or to what only the
    /// aggregator has.
    function _checkVotes(
        Task storage task,
        Round memory state,
        bytes32 domain,
        ITaskManager.Settlement calldata settlement,
        Work memory work
    ) private view {
        if (settlement.unavailable & ~uint256(state.committed) != 0) revert ITaskManager.UnavailableNotCommitted();
        if (settlement.rejected & ~uint256(state.openedBits) != 0) revert ITaskManager.RejectedNotOpened();
        work.used = state.openedBits & ~settlement.rejected;
        if (work.used == 0) revert ITaskManager.NoReferenceLeft();
        work.included = state.committed & ~settlement.unavailable;
        bytes32 commitments = keccak256(work.points);
        bytes32 novelty = RoundCommitments.noveltyHash(task, settlement.novelty);
        uint256 count = settlement.votes.length;
        if (!task.isMajority(count)) revert ITaskManager.NotEnoughVotes();
        uint256[] memory before = new uint256[](count);
        uint256[] memory later = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            ITaskManager.Vote calldata vote = settlement.votes[i];
            work.voted = Signatures.addVerdict(
                task,
                domain,
                work.taskId,
                state.number,
                commitments,
                settlement.unavailable,
                settlement.rejected,
                novelty,
                vote,
                work.voted
            );
            _insert(before, i, vote.lossBefore);
            _insert(later, i, vote.lossAfter);
        }
        work.lossBefore = before[(count - 1) / 2];
        work.lossAfter = later[(count - 1) / 2];
    }

    /// @dev Puts `value` where it belongs among the first `length` entries, which are in ascending order.
    function _insert(uint256[] memory sorted, uint256 length, uint256 value) private pure {
        uint256 index = length;
        for (; index > 0 && sorted[index - 1] > value; index--) sorted[index] = sorted[index - 1];
        sorted[index] = value;
    }

    /// @dev Bounds on the sums, and nothing for a trainer that is not in. The proof implies them; they are what
    /// keeps the escrow whole even if the proof system were broken.
    function _checkShares(Task storage task, ITaskManager.Settlement calldata settlement, Work memory work)
        private
        view
    {
        uint256[] memory shares = new uint256[](task.trainerCount);
        uint256[16] memory weights = PackedWords.unpackWeights(settlement.weights);
        uint256[16] memory unpacked = PackedWords.unpackShares(settlement.shares);
        uint256 weightSum = 0;
        uint256 shareSum = 0;
        unchecked {
            // Sixteen terms of at most 33 bits.
            for (uint256 i = 0; i < MAX_TRAINERS; i++) {
                uint256 share = unpacked[i];
                if (weights[i] | share == 0) continue;
                if (!Tasks.hasBit(work.included, i)) revert ITaskManager.AbsentTrainerRewarded(i);
                weightSum += weights[i];
                shareSum += share;
                shares[i] = share;
            }
        }
        if (weightSum > 1 << 16) revert ITaskManager.WeightsExceedOne();
        if (shareSum > 1 << 32) revert ITaskManager.SharesExceedOne();
        work.rewards = shares;
        work.shares = settlement.shares;
        _dropSmallShares(task, work);
    }

    /// @dev A share below the task's part of the equal share is not paid: several names with one trainer's work, a part
    /// each, earn less than that trainer.
    function _dropSmallShares(Task storage task, Work memory work) private view {
        // share / 2^32 < minShareBps / BPS / trainers
        uint256 least = uint256(task.minShareBps) << 32;
        if (least == 0) return;
        uint256 factor = Tasks.countBits(work.included) * BPS;
        uint256[] memory shares = work.rewards;
        for (uint256 i = 0; i < shares.length; i++) {
            if (shares[i] == 0 || shares[i] * factor >= least) continue;
            shares[i] = 0;
            PackedWords.clearShare(work.shares, i);
        }
    }

    /// @dev What the proof must show, out of storage: the settlement adds nothing but its claims.
    function _statement(
        Task storage task,
        Round memory state,
        ITaskManager.Settlement calldata settlement,
        Work memory work
    ) private view returns (IContributionVerifier.Statement memory statement) {
        statement.taskContract = address(this);
        statement.taskId = work.taskId;
        statement.round = state.number;
        statement.prover = msg.sender;
        statement.dimension = task.dimension;
        G1Point[HEAD_ROWS] memory head =
            RoundCommitments.headRows(task, work.points, work.used, settlement.novelty);
        for (uint256 i = 0; i < HEAD_ROWS; i++) statement.commitments[i] = head[i];
        for (uint256 i = 0; work.included >> i != 0; i++) {
            if (!Tasks.hasBit(work.included, i)) continue;
            statement.commitments[HEAD_ROWS + i] = RoundCommitments.pointAt(work.points, i);
        }
        statement.weights = settlement.weights;
        statement.shares = settlement.shares;
        statement.aggregate = settlement.aggregate;
    }

    /// @dev Credits the round's budget. Whatever rounding, missing shares or a loss that did not fall leave over
    /// stays in `remaining`.
    function _pay(
        TaskStore storage store,
        Task storage task,
        Round memory state,
        ITaskManager.Settlement calldata settlement,
        Work memory work
    ) private {
        uint256 remaining = task.remaining;
        _divide(task, remaining / (uint256(task.rounds) - state.number + 1), work);
        mapping(address account => uint256) storage fees = store.fees[task.token];
        if (work.aggregatorFee != 0) fees[msg.sender] += work.aggregatorFee;
        _creditValidators(fees, work);
        RoundRecords.write(task, state.number, work.pool, work.included, work.shares);
        remaining -= work.protocolFee + work.aggregatorFee + work.validatorFee + _creditTrainers(task, work);
        task.remaining = uint128(remaining);
        // What was escrowed is below 2^128, and so is every part of it.
        task.protocolFees += uint128(work.protocolFee);
        _emitSettled(state, settlement, work);
    }

    function _divide(Task storage task, uint256 budget, Work memory work) private view {
        work.budget = budget;
        work.protocolFee = (budget * task.protocolFeeBps) / BPS;
        work.aggregatorFee = (budget * task.aggregatorFeeBps) / BPS;
        work.validatorFee = (budget * task.validatorFeeBps) / BPS;
        work.pool = budget - work.protocolFee - work.aggregatorFee - work.validatorFee;
        uint256 stagnation = task.stagnationBps;
        if (stagnation < BPS && work.lossAfter >= work.lossBefore) work.pool = (work.pool * stagnation) / BPS;
    }

    /// @dev The same for each validator whose reference counts.
    function _creditValidators(mapping(address account => uint256) storage fees, Work memory work) private {
        uint256 each = work.validatorFee / Tasks.countBits(work.used);
        work.validatorFee = 0;
        if (each == 0) return;
        for (uint256 i = 0; work.used >> i != 0; i++) {
            if (!Tasks.hasBit(work.used, i)) continue;
            fees[work.members[i]] += each;
            work.validatorFee += each;
        }
    }

    /// @dev Turns shares into rewards, two to a slot: half the storage that one slot for each would cost.
    function _creditTrainers(Task storage task, Work memory work) private returns (uint256 total) {
        uint256[] memory rewards = work.rewards;
        for (uint256 i = 0; i < rewards.length; i += 2) {
            uint256 low = (work.pool * rewards[i]) >> 32;
            uint256 high = 0;
            rewards[i] = low;
            if (i + 1 < rewards.length) {
                high = (work.pool * rewards[i + 1]) >> 32;
                rewards[i + 1] = high;
            }
            if (low | high == 0) continue;
            total += low + high;
            // Neither half overflows: all that a task is ever given is below 2^128.
            task.earned[i / 2] += low | (high << 128);
        }
    }

    function _emitSettled(Round memory state, ITaskManager.Settlement calldata settlement, Work memory work)
        private
    {
        emit ITaskManager.RoundSettled(
            work.taskId,
            state.number,
            msg.sender,
            settlement.weights,
            settlement.shares,
            work.rewards,
            settlement.unavailable,
            settlement.rejected,
            settlement.aggregate,
            work.protocolFee,
            work.aggregatorFee,
            work.validatorFee,
            work.lossBefore,
            work.lossAfter,
            work.budget,
            work.pool
        );
    }

    /// @dev Each trainer that was left out may contest it.
    function _openCases(Task storage task, Round memory state, uint256 unavailable, Work memory work) private {
        if (unavailable == 0) return;
        task.commitments[state.number] = keccak256(work.points);
        uint256 deadline = block.timestamp + task.contestSeconds;
        for (uint256 i = 0; unavailable >> i != 0; i++) {
            if (!Tasks.hasBit(unavailable, i)) continue;
            CaseRecord storage record = task.caseOf(state.number, i);
            record.deadline = uint40(deadline);
            record.accusers = uint16(work.voted);
            task.openCases[i]++;
            for (uint256 j = 0; work.voted >> j != 0; j++) {
                if (Tasks.hasBit(work.voted, j)) task.accusations[j]++;
            }
            emit ITaskManager.CaseOpened(work.taskId, state.number, task.trainers[i], work.voted, deadline);
        }
    }

    /// @dev Candidates that let their window pass although the validators' votes were available: noted before the round
    /// ends, so that one that was absent too often takes no part in the next.
    function _blame(Task storage task, Round memory state, Work memory work) private {
        // The windows without blame: from the one in which verdicts were asked for to the one that a majority had
        // agreed on the same in time for.
        uint256 from = state.verdictsRequested ? state.requestedTurn : work.turn;
        uint256 to = state.agreedTurn;
        if (state.verdictsRequested && !task.isMajority(state.verdictsAgreed)) (from, to) = (0, work.turn);
        work.absent = new address[](work.turn);
        for (uint256 i = 0; i < work.turn; i++) {
            if (from <= i && i < to) continue;
            work.absent[i] = _candidate(task, state, work, i);
            Departures.noteAbsence(work.taskId, task, work.absent[i]);
        }
    }

    /// @dev Those candidates, and validators whose reference was rejected.
    function _slash(
        Task storage task,
        Round memory state,
        IStakeManager stakes,
        uint256 rejected,
        Work memory work
    ) private {
        for (uint256 i = 0; i < work.turn; i++) {
            if (work.absent[i] == address(0)) continue;
            Slashing.slash(
                task, stakes, work.taskId, state.number, work.absent[i], ITaskManager.Offence.AggregatorAbsent
            );
        }
        for (uint256 i = 0; rejected >> i != 0; i++) {
            if (!Tasks.hasBit(rejected, i)) continue;
            Slashing.slash(
                task, stakes, work.taskId, state.number, work.members[i], ITaskManager.Offence.RejectedReference
            );
        }
    }
}
