// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Code of every till: gives what it holds to the contract that made it
/// @dev Tills are minimal proxies (ERC-1167) of one instance. The immutable is part of that instance's code, so the
/// proxies have it too.
contract AgentTill {
    using SafeERC20 for IERC20;

    address private immutable _tills;

    error OnlyTills();

    constructor() {
        _tills = msg.sender;
    }

    function sweep(IERC20 token) external {
        if (msg.sender != _tills) revert OnlyTills();
        uint256 amount = token.balanceOf(address(this));
        if (amount != 0) token.safeTransfer(_tills, amount);
    }
}
