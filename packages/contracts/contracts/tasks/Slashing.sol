// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {BPS, MemberRecord, Task} from "./TaskTypes.sol";

/// @title What an offence costs, and where it goes
/// @dev Called after everything else is written: the stake contract moves tokens of the task's choice.
library Slashing {
    /// @dev Slash a member for `kind` in `round`, with the caller as reporter. Once: a second time nothing happens,
    /// so that one offence never stands in the way of a phase's end.
    function slash(
        Task storage task,
        IStakeManager stakes,
        uint256 taskId,
        uint256 round,
        address member,
        ITaskManager.Offence kind
    ) internal {
        uint256 bps = _bps(task.slashing, kind);
        MemberRecord storage record = task.members[member];
        bool absence = _isAbsence(kind);
        if (absence) bps = Math.min(bps, Math.saturatingSub(task.slashing.absenceCap, record.absenceBps));
        uint256 amount = (uint256(task.stake) * bps) / BPS;
        if (amount == 0) return;
        bytes32 offence = keccak256(abi.encode(taskId, round, member, kind));
        if (stakes.wasSlashed(offence)) return;
        IStakeManager.SlashSplit memory split =
            IStakeManager.SlashSplit(msg.sender, task.slashReporterBps, task.slashBurnBps, address(this));
        if (absence) {
            // Parts are rounded down one by one, so those of several absences are never more than the cap.
            record.absenceBps += uint16(bps);
            // The author of the phases, and anyone who keeps others from acting in them, must not gain by it.
            (split.reporterBps, split.burnBps) = (0, BPS);
        } else if (member == msg.sender) {
            // No member earns by reporting itself.
            split.burnBps += split.reporterBps;
            split.reporterBps = 0;
        }
        uint256 toTask = _take(stakes, task.token, record.agentId, taskId, offence, amount, split);
        // Below 2^96, and all that a task is ever given stays below 2^128: see `TaskCreation`.
        task.remaining += uint128(toTask);
        emit ITaskManager.MemberSlashed(taskId, round, member, kind, offence, msg.sender, toTask);
    }

    /// @dev What of it arrived: a token that began to take a fee on transfers must not make one task owe what belongs
    /// to another.
    function _take(
        IStakeManager stakes,
        IERC20 token,
        uint256 agentId,
        uint256 taskId,
        bytes32 offence,
        uint256 amount,
        IStakeManager.SlashSplit memory split
    ) private returns (uint256) {
        uint256 before = token.balanceOf(address(this));
        uint256 sent = stakes.slash(token, agentId, taskId, offence, amount, split);
        return Math.min(sent, Math.saturatingSub(token.balanceOf(address(this)), before));
    }

    /// @dev Offences that the contract sees by itself, and that need no proof: a member may be kept from acting.
    function _isAbsence(ITaskManager.Offence kind) private pure returns (bool) {
        return kind == ITaskManager.Offence.TrainerAbsent || kind == ITaskManager.Offence.ValidatorAbsent
            || kind == ITaskManager.Offence.AggregatorAbsent;
    }

    function _bps(IParameters.Slashing storage slashing, ITaskManager.Offence kind) private view returns (uint256) {
        if (kind == ITaskManager.Offence.TrainerAbsent) return slashing.trainerAbsence;
        if (kind == ITaskManager.Offence.ValidatorAbsent) return slashing.validatorAbsence;
        if (kind == ITaskManager.Offence.AggregatorAbsent) return slashing.aggregatorAbsence;
        if (kind == ITaskManager.Offence.Unavailable) return slashing.unavailable;
        if (kind == ITaskManager.Offence.FalseVerdict) return slashing.falseVerdict;
        return slashing.rejectedReference;
    }
}
