// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IModelRoyalties} from "../interfaces/IModelRoyalties.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";

/// @title What the use of a model pays to those who trained it
/// @notice This contract has no owner and cannot be changed.
/// @dev Deposits are kept for each task and token: a token that misbehaves harms its own deposits alone. For each of them
///   sum of claimed <= received,
/// since a trainer's part is rounded down and the parts' numerators add up to their denominator.
contract ModelRoyalties is IModelRoyalties, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    ITaskManager private immutable _tasks;

    /// @inheritdoc IModelRoyalties
    mapping(uint256 taskId => bool) public isOpen;
    /// @inheritdoc IModelRoyalties
    mapping(uint256 taskId => mapping(IERC20 token => uint256)) public received;
    /// @inheritdoc IModelRoyalties
    mapping(uint256 taskId => mapping(IERC20 token => mapping(address account => uint256))) public claimed;
    /// @dev What all trainers of an ended task have earned, once somebody claimed; 0 before.
    mapping(uint256 taskId => uint256) private _totals;

    constructor(ITaskManager tasks) {
        _tasks = tasks;
    }

    /// @inheritdoc IModelRoyalties
    function open(uint256 taskId) external {
        if (isOpen[taskId]) return;
        if (_earnedByAll(taskId, _tasks.getTask(taskId).trainers) == 0) revert NothingEarned(taskId);
        isOpen[taskId] = true;
        emit RoyaltiesOpened(taskId);
    }

    /// @inheritdoc IModelRoyalties
    function deposit(uint256 taskId, IERC20 token, uint256 amount) external nonReentrant returns (uint256 credited) {
        if (!isOpen[taskId]) revert RoyaltiesNotOpen(taskId);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        credited = token.balanceOf(address(this)) - before;
        uint256 sum = received[taskId][token] + credited;
        // Times what a trainer earned, which is below 2^128 as well.
        if (sum > type(uint128).max) revert DepositTooLarge();
        received[taskId][token] = sum;
        emit RoyaltiesDeposited(taskId, token, msg.sender, credited);
    }

    /// @inheritdoc IModelRoyalties
    function claim(IERC20 token, uint256[] calldata taskIds, address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0) || to == address(this)) revert InvalidReceiver();
        for (uint256 i = 0; i < taskIds.length; i++) {
            uint256 taskId = taskIds[i];
            // What is paid is written down before the next task is read: naming one twice gains nothing.
            uint256 due = _due(taskId, token, msg.sender, _total(taskId));
            if (due == 0) continue;
            claimed[taskId][token][msg.sender] += due;
            amount += due;
            emit RoyaltiesClaimed(taskId, token, msg.sender, to, due);
        }
        if (amount == 0) revert NothingToClaim();
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IModelRoyalties
    function claimable(IERC20 token, address account, uint256[] calldata taskIds)
        external
        view
        returns (uint256 amount)
    {
        for (uint256 i = 0; i < taskIds.length; i++) {
            bool counted = false;
            for (uint256 j = 0; j < i && !counted; j++) counted = taskIds[j] == taskIds[i];
            if (!counted) amount += _due(taskIds[i], token, account, _finalTotal(taskIds[i]));
        }
    }

    function _due(uint256 taskId, IERC20 token, address account, uint256 total) private view returns (uint256) {
        uint256 sum = received[taskId][token];
        if (total == 0 || sum == 0) return 0;
        uint256 part = (sum * _tasks.getMember(taskId, account).earned) / total;
        return part - claimed[taskId][token][account];
    }

    /// @dev Keeps the sum: sixteen members need not be read again.
    function _total(uint256 taskId) private returns (uint256 total) {
        total = _finalTotal(taskId);
        if (_totals[taskId] != total) _totals[taskId] = total;
    }

    /// @dev 0 for a task that has not ended: its trainers may earn more.
    function _finalTotal(uint256 taskId) private view returns (uint256 total) {
        total = _totals[taskId];
        if (total != 0 || !isOpen[taskId]) return total;
        ITaskManager.TaskView memory task = _tasks.getTask(taskId);
        if (task.status == ITaskManager.TaskStatus.Ended) total = _earnedByAll(taskId, task.trainers);
    }

    function _earnedByAll(uint256 taskId, address[] memory trainers) private view returns (uint256 total) {
        for (uint256 i = 0; i < trainers.length; i++) total += _tasks.getMember(taskId, trainers[i]).earned;
    }
}
