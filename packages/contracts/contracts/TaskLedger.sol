// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ITaskManager} from "./interfaces/ITaskManager.sol";

/// @title What the contract owes, and every movement of tokens in or out of it
/// @dev Credits are pulled by their owner, so that no receiver can stop a settlement. A token that misbehaves
/// harms only the tasks that chose it: every amount is kept per token or per task.
abstract contract TaskLedger is ITaskManager, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    address private immutable _treasury;

    mapping(IERC20 token => mapping(address account => uint256)) private _claimable;

    constructor(address treasury_) {
        if (treasury_ == address(0)) revert InvalidTreasury();
        _treasury = treasury_;
    }

    /// @inheritdoc ITaskManager
    function claim(IERC20 token) external nonReentrant returns (uint256 amount) {
        amount = _claimable[token][msg.sender];
        if (amount == 0) revert NothingToClaim();
        _claimable[token][msg.sender] = 0;
        emit Claimed(address(token), msg.sender, amount);
        _push(token, msg.sender, amount);
    }

    /// @inheritdoc ITaskManager
    function claimable(IERC20 token, address account) external view returns (uint256) {
        return _claimable[token][account];
    }

    /// @inheritdoc ITaskManager
    function treasury() public view returns (address) {
        return _treasury;
    }

    /// @dev What is owed in `token`, by account.
    function _owed(IERC20 token) internal view returns (mapping(address account => uint256) storage) {
        return _claimable[token];
    }

    /// @dev Takes exactly `amount` from the caller, or reverts.
    function _pull(IERC20 token, uint256 amount) internal {
        if (amount == 0) return;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) - before != amount) revert InexactTransfer();
    }

    function _push(IERC20 token, address account, uint256 amount) internal {
        if (amount != 0) token.safeTransfer(account, amount);
    }
}
