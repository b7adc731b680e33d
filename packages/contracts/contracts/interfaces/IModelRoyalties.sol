// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title What the use of a model pays to those who trained it
/// @notice The users of a task's model deposit tokens for its trainers. Each of them is due its part of all deposits:
/// what it earned in the task, of what all trainers earned, as the task contract has recorded it. Paid once the task has
/// ended, when these figures are final. What rounding leaves, less than one unit for each trainer, stays.
/// Amounts are in the token's smallest unit.
interface IModelRoyalties {
    /// @notice The task has paid a trainer: from now on it takes deposits.
    event RoyaltiesOpened(uint256 indexed taskId);
    event RoyaltiesDeposited(uint256 indexed taskId, IERC20 indexed token, address indexed from, uint256 amount);
    event RoyaltiesClaimed(uint256 indexed taskId, IERC20 indexed token, address indexed account, address to, uint256 amount);

    /// @notice No trainer of the task was ever paid: no account could claim a deposit.
    error NothingEarned(uint256 taskId);
    /// @notice `open` was not called for the task.
    error RoyaltiesNotOpen(uint256 taskId);
    error DepositTooLarge();
    error NothingToClaim();
    error InvalidReceiver();

    /// @notice Let a task take deposits. Anyone may call it, as soon as the task has paid a trainer; again without effect.
    function open(uint256 taskId) external;
    /// @notice Take `amount` from the caller for the trainers of the task.
    /// @return credited what arrived, which is less where the token takes a fee
    function deposit(uint256 taskId, IERC20 token, uint256 amount) external returns (uint256 credited);
    /// @notice Pay out what the caller is due of these tasks, in one token. A task that has not ended is due nothing yet.
    function claim(IERC20 token, uint256[] calldata taskIds, address to) external returns (uint256 amount);

    /// @notice What `account` could claim now; a task named twice counts once.
    function claimable(IERC20 token, address account, uint256[] calldata taskIds) external view returns (uint256);
    function isOpen(uint256 taskId) external view returns (bool);
    /// @notice All deposits for the trainers of a task so far. Below 2^128.
    function received(uint256 taskId, IERC20 token) external view returns (uint256);
    /// @notice Of these, what `account` has claimed.
    function claimed(uint256 taskId, IERC20 token, address account) external view returns (uint256);
}
