// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";
import {Bn254, G1Point} from "./libraries/Bn254.sol";
import {TaskLedger} from "./TaskLedger.sol";
import {TaskRounds} from "./TaskRounds.sol";

/// @title The end of a round: who settles, what is checked, who is paid
contract TaskManager is TaskRounds, EIP712 {
    bytes32 private constant UNAVAILABLE_TYPEHASH =
        keccak256("Unavailable(uint256 taskId,uint32 round,uint256 bitmap)");

    uint256 private constant WEIGHT_BITS = 17;
    uint256 private constant WEIGHTS_PER_WORD = 14;
    uint256 private constant SHARE_BITS = 33;
    uint256 private constant SHARES_PER_WORD = 7;
    /// @dev 16 weights fill one word and two places of a second; 16 shares two words and two places of a third.
    uint256 private constant LAST_WEIGHT_WORD_BITS = 2 * WEIGHT_BITS;
    uint256 private constant LAST_SHARE_WORD_BITS = 2 * SHARE_BITS;

    /// @dev What a round pays besides rewards.
    struct Fees {
        uint256 protocol;
        uint256 aggregator;
        uint256 validators;
        // The trainers' pool: the rest of the round's budget.
        uint256 pool;
    }

    /// @param treasury_ receives the protocol fee
    constructor(address treasury_) TaskLedger(treasury_) EIP712("Chorus", "1") {}

    /// @inheritdoc ITaskManager
    function settle(uint256 taskId, uint256 round, Settlement calldata settlement) external nonReentrant {
        (Task storage task, Round memory state) = _open(taskId, round, Phase.Settle);
        _checkTurn(task, state);
        uint256 included = _includedTrainers(taskId, task, state, settlement);
        uint256[] memory shares = _checkWords(task, included, settlement);

        // TRUST: this first cut takes the weights and the shares from the aggregator. Nothing here checks that
        // they follow from the committed updates by the task's rule; only that the aggregate is their sum.
        _checkAggregate(task, included, settlement);

        task.totalCommitment = Bn254.add(task.totalCommitment, settlement.aggregate);
        state.phase = Phase.Settled;
        task.round = state;
        _pay(taskId, task, state, settlement, shares);
        _nextRound(taskId, task, round);
    }

    /// @dev The drawn candidate in its window, then the others in order with one window each, then anyone.
    function _checkTurn(Task storage task, Round memory state) private view {
        uint256 turn = (block.timestamp - state.settleStart) / task.settleSeconds;
        uint256 count = task.aggregatorCount;
        if (turn < count && task.aggregators[(state.drawnAggregator + turn) % count] != msg.sender) {
            revert NotYourTurn();
        }
    }

    /// @dev Every committed trainer is in, but those whom a strict majority of the validators found unavailable.
    function _includedTrainers(uint256 taskId, Task storage task, Round memory state, Settlement calldata settlement)
        private
        view
        returns (uint256)
    {
        uint256 unavailable = settlement.unavailable;
        if (unavailable & ~uint256(state.committed) != 0) revert UnavailableNotCommitted();
        uint256 count = settlement.votes.length;
        if (unavailable == 0) {
            if (count != 0) revert InvalidVotes();
            return state.committed;
        }
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

    /// @dev Bounds on the words, and nothing for a trainer that is not in. Returns the shares, one per trainer.
    function _checkWords(Task storage task, uint256 included, Settlement calldata settlement)
        private
        view
        returns (uint256[] memory shares)
    {
        if (
            settlement.weights[0] >> (WEIGHTS_PER_WORD * WEIGHT_BITS) != 0
                || settlement.weights[1] >> LAST_WEIGHT_WORD_BITS != 0
                || settlement.shares[0] >> (SHARES_PER_WORD * SHARE_BITS) != 0
                || settlement.shares[1] >> (SHARES_PER_WORD * SHARE_BITS) != 0
                || settlement.shares[2] >> LAST_SHARE_WORD_BITS != 0
        ) revert NonCanonicalWords();
        uint256 count = task.trainerCount;
        shares = new uint256[](count);
        uint256 weightSum = 0;
        uint256 shareSum = 0;
        for (uint256 i = 0; i < 16; i++) {
            uint256 weight = _weight(settlement, i);
            uint256 share = _share(settlement, i);
            if (weight | share == 0) continue;
            if (!_hasBit(included, i)) revert AbsentTrainerRewarded(i);
            weightSum += weight;
            shareSum += share;
            shares[i] = share;
        }
        if (weightSum > 1 << 16) revert WeightsExceedOne();
        if (shareSum > 1 << 32) revert SharesExceedOne();
    }

    /// @dev C_A == sum of w_i * C_i.
    function _checkAggregate(Task storage task, uint256 included, Settlement calldata settlement) private view {
        G1Point memory sum;
        for (uint256 i = 0; i < 16; i++) {
            uint256 weight = _weight(settlement, i);
            if (weight == 0 || !_hasBit(included, i)) continue;
            sum = Bn254.add(sum, Bn254.mul(task.updates[i].commitment, weight));
        }
        if (!Bn254.equal(sum, settlement.aggregate)) revert WrongAggregate();
    }

    /// @dev Credits the round's budget. Whatever rounding or missing shares leave over stays in `remaining`.
    function _pay(
        uint256 taskId,
        Task storage task,
        Round memory state,
        Settlement calldata settlement,
        uint256[] memory rewards
    ) private {
        IERC20 token = task.token;
        uint256 remaining = task.remaining;
        Fees memory fees = _fees(task, remaining / (uint256(task.rounds) - state.number + 1));
        _credit(token, treasury(), fees.protocol);
        _credit(token, msg.sender, fees.aggregator);
        fees.validators = _creditValidators(task, token, state.openedBits, fees.validators);
        remaining -= fees.protocol + fees.aggregator + fees.validators;
        for (uint256 i = 0; i < rewards.length; i++) {
            uint256 reward = (fees.pool * rewards[i]) >> 32;
            rewards[i] = reward;
            if (reward == 0) continue;
            remaining -= reward;
            _credit(token, task.trainers[i], reward);
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
    function _creditValidators(Task storage task, IERC20 token, uint256 opened, uint256 fee)
        private
        returns (uint256 credited)
    {
        uint256 each = fee / _countBits(opened);
        for (uint256 i = 0; opened >> i != 0; i++) {
            if (!_hasBit(opened, i)) continue;
            _credit(token, task.validators[i], each);
            credited += each;
        }
    }

    function _weight(Settlement calldata settlement, uint256 i) private pure returns (uint256) {
        return (settlement.weights[i / WEIGHTS_PER_WORD] >> (WEIGHT_BITS * (i % WEIGHTS_PER_WORD)))
            & ((1 << WEIGHT_BITS) - 1);
    }

    function _share(Settlement calldata settlement, uint256 i) private pure returns (uint256) {
        return (settlement.shares[i / SHARES_PER_WORD] >> (SHARE_BITS * (i % SHARES_PER_WORD)))
            & ((1 << SHARE_BITS) - 1);
    }
}
