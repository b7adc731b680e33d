// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token that a development or private network pays with
/// @notice A plain ERC-20 with EIP-2612 permits and a fixed supply. Tasks may escrow any other ERC-20 as well.
contract ChorusToken is ERC20, ERC20Permit {
    /// @param supply in the smallest unit (18 decimals), all of it minted to the deployer
    constructor(uint256 supply) ERC20("Chorus", "CHOR") ERC20Permit("Chorus") {
        _mint(msg.sender, supply);
    }
}
