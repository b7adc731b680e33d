// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";

/// @title Every movement of tokens in or out of the task contract, but what slashing sends it
/// @dev Callers write down what a movement changes before they make it.
library TokenFlow {
    using SafeERC20 for IERC20;

    /// @dev Takes exactly `amount` from the caller, or reverts.
    function pull(IERC20 token, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) != before + amount) revert ITaskManager.InexactTransfer();
    }

    function push(IERC20 token, address account, uint256 amount) internal {
        token.safeTransfer(account, amount);
    }
}
