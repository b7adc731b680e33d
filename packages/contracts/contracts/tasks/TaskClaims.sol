// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {RoundRecords} from "./RoundRecords.sol";
import {Signatures} from "./Signatures.sol";
import {MemberRecord, Task, TaskStore, Tasks, TRAINER} from "./TaskTypes.sol";
import {TokenFlow} from "./TokenFlow.sol";

/// @title What members, the treasury and a task's owner take out
/// @dev Credits are pulled by their owner, so that no receiver can stop a settlement. A token that misbehaves harms
/// only the tasks that chose it: every amount is kept per token or per task.
library TaskClaims {
    using Tasks for TaskStore;

    function claim(TaskStore storage store, address account, IERC20 token, uint256[] calldata taskIds, address to)
        external
        returns (uint256)
    {
        return _claim(store, account, token, taskIds, to);
    }

    function claimBySignature(
        TaskStore storage store,
        bytes32 domain,
        address account,
        IERC20 token,
        uint256[] calldata taskIds,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256) {
        if (block.timestamp > deadline) revert ITaskManager.SignatureExpired();
        uint256 nonce = store.nonces[account]++;
        Signatures.checkClaim(domain, account, token, taskIds, to, nonce, deadline, signature);
        return _claim(store, account, token, taskIds, to);
    }

    function collectFees(TaskStore storage store, IParameters parameters, uint256 taskId)
        external
        returns (uint256 amount)
    {
        Task storage task = store.get(taskId);
        amount = task.protocolFees;
        if (amount == 0) revert ITaskManager.NothingToClaim();
        task.protocolFees = 0;
        address treasury = parameters.treasury();
        emit ITaskManager.FeesCollected(taskId, treasury, amount);
        TokenFlow.push(task.token, treasury, amount);
    }

    function refund(TaskStore storage store, uint256 taskId) external returns (uint256 amount) {
        Task storage task = store.get(taskId);
        if (task.status != ITaskManager.TaskStatus.Ended) revert ITaskManager.TaskNotEnded();
        amount = task.remaining;
        if (amount == 0) revert ITaskManager.NothingToClaim();
        task.remaining = 0;
        emit ITaskManager.Refunded(taskId, task.owner, amount);
        TokenFlow.push(task.token, task.owner, amount);
    }

    function claimable(TaskStore storage store, IERC20 token, address account, uint256[] calldata taskIds)
        external
        view
        returns (uint256 amount)
    {
        amount = store.fees[token][account];
        for (uint256 i = 0; i < taskIds.length; i++) {
            Task storage task = _taskPaying(store, token, taskIds[i]);
            bool counted = false;
            for (uint256 j = 0; j < i && !counted; j++) counted = taskIds[j] == taskIds[i];
            if (!counted) amount += _due(task, account);
        }
    }

    /// @dev What is paid is written down before the next task is examined: naming one twice gains nothing.
    function _claim(
        TaskStore storage store,
        address account,
        IERC20 token,
        uint256[] calldata taskIds,
        address to
    ) private returns (uint256 amount) {
        // The one would lose the tokens, the other leave them here without an owner.
        if (to == address(0) || to == address(this)) revert ITaskManager.ParameterOutOfBounds("to");
        amount = store.fees[token][account];
        store.fees[token][account] = 0;
        for (uint256 i = 0; i < taskIds.length; i++) {
            Task storage task = _taskPaying(store, token, taskIds[i]);
            uint256 due = _due(task, account);
            if (due == 0) continue;
            task.claimed[task.members[account].trainer] += uint128(due);
            amount += due;
        }
        if (amount == 0) revert ITaskManager.NothingToClaim();
        emit ITaskManager.Claimed(address(token), account, to, amount);
        TokenFlow.push(token, to, amount);
    }

    /// @dev Rewards of a task are in its token, whatever the caller says.
    function _taskPaying(TaskStore storage store, IERC20 token, uint256 taskId) private view returns (Task storage task) {
        task = store.get(taskId);
        if (address(task.token) != address(token)) revert ITaskManager.ParameterOutOfBounds("taskIds");
    }

    /// @dev Released rewards never become less, so this is never below zero.
    function _due(Task storage task, address account) private view returns (uint256) {
        MemberRecord storage member = task.members[account];
        if (member.roles & TRAINER == 0) return 0;
        uint256 trainer = member.trainer;
        return RoundRecords.earned(task, trainer) - RoundRecords.vesting(task, trainer) - task.claimed[trainer];
    }
}
