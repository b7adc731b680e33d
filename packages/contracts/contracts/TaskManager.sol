// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IContributionVerifier} from "./interfaces/IContributionVerifier.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {AddressList} from "./libraries/AddressList.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {PackedWords} from "./libraries/PackedWords.sol";
import {TaskLedger} from "./TaskLedger.sol";
import {MAX_TRAINERS} from "./TaskRegistry.sol";
import {TaskRounds} from "./TaskRounds.sol";

/// @title The end of a round: who settles, what is checked, who is paid
contract TaskManager is TaskRounds, EIP712 {
    bytes32 private constant UNAVAILABLE_TYPEHASH =
        keccak256("Unavailable(uint256 taskId,uint32 round,uint256 bitmap)");

    IContributionVerifier private immutable _verifier;

    /// @dev What a round pays besides rewards.
    struct Fees {
        uint256 protocol;
        uint256 aggregator;
        uint256 validators;
        // The trainers' pool: the rest of the round's budget.
        uint256 pool;
    }

    /// @param treasury_ receives the protocol fee
    /// @param verifier_ checks every settlement; there is no other way to settle
    constructor(address treasury_, IContributionVerifier verifier_) TaskLedger(treasury_) EIP712("Chorus", "1") {
        if (address(verifier_).code.length == 0) revert InvalidVerifier();
        _verifier = verifier_;
    }

    /// @inheritdoc ITaskManager
    function settle(uint256 taskId, uint256 round, Settlement calldata settlement) external nonReentrant {
        (Task storage task, Round memory state) = _open(taskId, round, Phase.Settle);
        _checkTurn(task, state);
        uint256 included = _includedTrainers(taskId, task, state, settlement);
        uint256[] memory shares = _checkShares(task, included, settlement);
        _verifier.verify(_statement(taskId, task, state, included, settlement), settlement.proof);
        task.totalCommitment = Bn254.add(task.totalCommitment, settlement.aggregate);
        state.phase = Phase.Settled;
        task.round = state;
        _pay(taskId, task, state, settlement, shares);
        _nextRound(taskId, task, round);
    }

    /// @inheritdoc ITaskManager
    function verifier() external view returns (IContributionVerifier) {
        return _verifier;
    }

    /// @dev What the proof must show, out of storage: the settlement adds nothing but its claims.
    function _statement(
        uint256 taskId,
        Task storage task,
        Round memory state,
        uint256 included,
        Settlement calldata settlement
    ) private view returns (IContributionVerifier.Statement memory statement) {
        statement.taskContract = address(this);
        statement.taskId = taskId;
        statement.round = state.number;
        statement.dimension = task.dimension;
        statement.commitments[0] = task.referenceSum;
        for (uint256 i = 0; included >> i != 0; i++) {
            if (_hasBit(included, i)) statement.commitments[i + 1] = task.updates[i].commitment;
        }
        statement.weights = settlement.weights;
        statement.shares = settlement.shares;
        statement.aggregate = settlement.aggregate;
    }

    /// @dev The drawn candidate in its window, then the others in order with one window each, then anyone.
    function _checkTurn(Task storage task, Round memory state) private view {
        uint256 turn = (block.timestamp - state.settleStart) / task.settleSeconds;
        uint256 count = task.aggregatorCount;
        if (turn >= count) return;
        uint256 index = uint256(task.trainerCount) + task.validatorCount + (state.drawnAggregator + turn) % count;
        if (AddressList.load(task.memberList, index, 1)[0] != msg.sender) revert NotYourTurn();
    }

    /// @dev Every committed trainer is in, but those whom a strict majority of the validators found unavailable. The
    /// same votes say that every other payload is to be had and opens its commitment: without them a trainer could
    /// commit to what is no int16 vector, or to what nobody but the aggregator has.
    function _includedTrainers(uint256 taskId, Task storage task, Round memory state, Settlement calldata settlement)
        private
        view
        returns (uint256)
    {
        uint256 unavailable = settlement.unavailable;
        if (unavailable & ~uint256(state.committed) != 0) revert UnavailableNotCommitted();
        uint256 count = settlement.votes.length;
        if (2 * count <= _countBits(task.joinedBits)) revert NotEnoughVotes();
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(UNAVAILABLE_TYPEHASH, taskId, state.number, unavailable)));
        uint256 voted = 0;
        for (uint256 i = 0; i < count; i++) {
            Vote calldata vote = settlement.votes[i];
            MemberRecord storage member = task.members[vote.validator];
            if (!_hasBit(member.roles, 1) || _hasBit(voted, member.validator)) revert InvalidVotes();
            (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, vote.signature);
            if (failure != ECDSA.RecoverError.NoError || signer != vote.validator) revert InvalidVotes();
            voted |= 1 << member.validator;
        }
        return state.committed & ~unavailable;
    }

    /// @dev Bounds on the sums, and nothing for a trainer that is not in. The proof implies them; they are what
    /// keeps the escrow whole even if the proof system were broken. Returns the shares, one per trainer.
    function _checkShares(Task storage task, uint256 included, Settlement calldata settlement)
        private
        view
        returns (uint256[] memory shares)
    {
        uint256 count = task.trainerCount;
        shares = new uint256[](count);
        uint256[16] memory weights = PackedWords.unpackWeights(settlement.weights);
        uint256[16] memory unpacked = PackedWords.unpackShares(settlement.shares);
        uint256 weightSum = 0;
        uint256 shareSum = 0;
        unchecked {
            // Sixteen terms of at most 33 bits.
            for (uint256 i = 0; i < MAX_TRAINERS; i++) {
                uint256 share = unpacked[i];
                if (weights[i] | share == 0) continue;
                if (!_hasBit(included, i)) revert AbsentTrainerRewarded(i);
                weightSum += weights[i];
                shareSum += share;
                shares[i] = share;
            }
        }
        if (weightSum > 1 << 16) revert WeightsExceedOne();
        if (shareSum > 1 << 32) revert SharesExceedOne();
    }

    /// @dev Credits the round's budget. Whatever rounding or missing shares leave over stays in `remaining`.
    function _pay(
        uint256 taskId,
        Task storage task,
        Round memory state,
        Settlement calldata settlement,
        uint256[] memory rewards
    ) private {
        mapping(address account => uint256) storage owed = _owed(task.token);
        uint256 remaining = task.remaining;
        Fees memory fees = _fees(task, remaining / (uint256(task.rounds) - state.number + 1));
        owed[treasury()] += fees.protocol;
        owed[msg.sender] += fees.aggregator;
        fees.validators = _creditValidators(task, owed, state.openedBits, fees.validators);
        remaining -= fees.protocol + fees.aggregator + fees.validators;
        address[] memory trainers = AddressList.load(task.memberList, 0, rewards.length);
        for (uint256 i = 0; i < rewards.length; i++) {
            // Below 2^128 * 2^33.
            uint256 reward;
            unchecked {
                reward = (fees.pool * rewards[i]) >> 32;
            }
            rewards[i] = reward;
            if (reward == 0) continue;
            remaining -= reward;
            owed[trainers[i]] += reward;
        }
        task.remaining = uint128(remaining);
        emit RoundSettled(
            taskId,
            state.number,
            msg.sender,
            settlement.weights,
            settlement.shares,
            rewards,
            settlement.unavailable,
            settlement.aggregate,
            fees.protocol,
            fees.aggregator,
            fees.validators
        );
    }

    function _fees(Task storage task, uint256 budget) private view returns (Fees memory fees) {
        fees.protocol = (budget * PROTOCOL_FEE_BPS) / 10_000;
        fees.aggregator = (budget * task.aggregatorFeeBps) / 10_000;
        fees.validators = (budget * task.validatorFeeBps) / 10_000;
        fees.pool = budget - fees.protocol - fees.aggregator - fees.validators;
    }

    /// @dev The same for each validator that opened its reference. Returns what was credited.
    function _creditValidators(
        Task storage task,
        mapping(address account => uint256) storage owed,
        uint256 opened,
        uint256 fee
    ) private returns (uint256 credited) {
        uint256 each = fee / _countBits(opened);
        if (each == 0) return 0;
        address[] memory validators = AddressList.load(task.memberList, task.trainerCount, task.validatorCount);
        for (uint256 i = 0; opened >> i != 0; i++) {
            if (!_hasBit(opened, i)) continue;
            owed[validators[i]] += each;
            credited += each;
        }
    }
}
