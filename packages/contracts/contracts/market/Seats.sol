// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAgenticCommerce} from "../interfaces/IAgenticCommerce.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IOptimisticEvaluator} from "../interfaces/IOptimisticEvaluator.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {Sampling} from "./Sampling.sol";

/// @title Seats of validators, from which juries are drawn
/// @dev Stake is read where it lies and never held here: one stake can stand behind one seat at a time, since it has to
/// unbond to move.
abstract contract Seats is IOptimisticEvaluator {
    using Sampling for Sampling.Draw;

    struct Seat {
        /// 0 once it was given up.
        uint64 takenAt;
        /// Position in the list, from 1.
        uint64 position;
    }

    uint256 internal constant LEAST_JURY = 3;
    uint256 private constant MOST_JURY = 7;
    /// @dev A seat can lose its stake and stay: at most this number is asked for one jury.
    uint256 private constant MOST_LOOKS = 28;
    /// @dev Each seat that is taken has two others checked: seats without stake cannot be made faster than they go.
    uint256 private constant LOOKS_PER_SEAT = 2;

    IIdentityRegistry private immutable _identities;
    IStakeManager private immutable _stakes;
    IERC20 internal immutable _stakeToken;
    uint256 internal immutable _seatStake;

    uint256[] private _list;
    /// @dev Position of the seat that was checked last.
    uint256 private _looked;
    mapping(uint256 agentId => Seat) private _seats;
    /// @dev Disputes that await their draw. While there are any no seat moves: who knows the hash could choose a jury by
    /// leaving and taking seats. Those given up meanwhile stay in the list, are in no jury, and can be cleared later.
    uint256 internal _awaited;

    constructor(IIdentityRegistry identities, IStakeManager stakes, IERC20 stakeToken, uint256 seatStake) {
        if (seatStake == 0) revert TermsOutOfBounds("seatStake");
        if (address(stakeToken).code.length == 0) revert TermsOutOfBounds("stakeToken");
        _identities = identities;
        _stakes = stakes;
        _stakeToken = stakeToken;
        _seatStake = seatStake;
    }

    /// @inheritdoc IOptimisticEvaluator
    function takeSeat(uint256 agentId) external {
        if (!_mayAct(msg.sender, agentId)) revert NotYourIdentity();
        Seat storage seat = _seats[agentId];
        if (seat.takenAt != 0) revert SeatExists();
        _requireStake(agentId);
        if (seat.position == 0) {
            _list.push(agentId);
            seat.position = uint64(_list.length);
        }
        seat.takenAt = uint64(block.timestamp);
        emit SeatTaken(agentId);
        for (uint256 i = 0; i < LOOKS_PER_SEAT; i++) {
            _looked = (_looked + 1) % _list.length;
            uint256 other = _list[_looked];
            if (_seats[other].takenAt == 0 || _stakeOf(other) < _seatStake) _vacate(other);
        }
    }

    /// @inheritdoc IOptimisticEvaluator
    function leaveSeat(uint256 agentId) external {
        Seat storage seat = _seats[agentId];
        if (seat.position == 0) revert NoSeat();
        bool isGivenUp = seat.takenAt == 0;
        if (!isGivenUp && !_mayAct(msg.sender, agentId) && _stakeOf(agentId) >= _seatStake) revert SeatHasStake();
        _vacate(agentId);
    }

    /// @inheritdoc IOptimisticEvaluator
    function seatCount() public view returns (uint256) {
        return _list.length;
    }

    /// @inheritdoc IOptimisticEvaluator
    function seats(uint256 first, uint256 count) external view returns (uint256[] memory agentIds) {
        uint256 end = Math.min(first + count, _list.length);
        agentIds = new uint256[](end > first ? end - first : 0);
        for (uint256 i = 0; i < agentIds.length; i++) agentIds[i] = _list[first + i];
    }

    /// @inheritdoc IOptimisticEvaluator
    function seatTakenAt(uint256 agentId) external view returns (uint256) {
        return _seats[agentId].takenAt;
    }

    /// @dev Does nothing if the identity has no seat.
    function _vacate(uint256 agentId) internal {
        Seat storage seat = _seats[agentId];
        uint256 position = seat.position;
        if (position == 0) return;
        if (seat.takenAt != 0) emit SeatLost(agentId);
        seat.takenAt = 0;
        if (_awaited != 0) return;
        uint256 last = _list[_list.length - 1];
        _list[position - 1] = last;
        _seats[last].position = uint64(position);
        _list.pop();
        delete _seats[agentId];
    }

    /// @param slots length of the list before the hash of the seed was known
    /// @return jury an odd number of seats, at least `LEAST_JURY`, or none
    function _drawJury(bytes32 seed, uint256 slots, IAgenticCommerce.Job memory job)
        internal
        view
        returns (uint256[] memory jury)
    {
        uint256 looks = Math.min(slots, MOST_LOOKS);
        Sampling.Draw memory d = Sampling.start(seed, slots, looks);
        uint256[] memory found = new uint256[](MOST_JURY);
        uint256 count = 0;
        while (d.drawn < looks && count < MOST_JURY) {
            uint256 agentId = _list[d.next()];
            if (_isEligible(agentId, job)) found[count++] = agentId;
        }
        if (count % 2 == 0 && count != 0) count--;
        jury = new uint256[](count < LEAST_JURY ? 0 : count);
        for (uint256 i = 0; i < jury.length; i++) jury[i] = found[i];
    }

    function _requireStake(uint256 agentId) internal view {
        uint256 stake = _stakeOf(agentId);
        if (stake < _seatStake) revert SeatStakeTooSmall(stake, _seatStake);
    }

    /// @dev As tasks ask it of their members.
    function _mayAct(address account, uint256 agentId) internal view returns (bool) {
        return _identities.ownerOf(agentId) == account || _identities.getAgentWallet(agentId) == account;
    }

    function _isEligible(uint256 agentId, IAgenticCommerce.Job memory job) private view returns (bool) {
        uint256 takenAt = _seats[agentId].takenAt;
        return takenAt != 0 && takenAt < job.fundedAt && _stakeOf(agentId) >= _seatStake
            && !_mayAct(job.client, agentId) && !_mayAct(job.provider, agentId);
    }

    /// @dev Locked by tasks or not, but not unbonding.
    function _stakeOf(uint256 agentId) private view returns (uint256) {
        return _stakes.freeStake(_stakeToken, agentId) + _stakes.pool(_stakeToken, agentId).locked;
    }
}
