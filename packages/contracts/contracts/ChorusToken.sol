// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {ERC6372Utils} from "@openzeppelin/contracts/utils/ERC6372Utils.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

/// @title The token of a network: it pays, it stakes, it votes
/// @notice An ERC-20 of fixed supply with EIP-2612 permits, EIP-3009 transfers (random nonces, as x402 clients send
/// them) and votes. Votes count once they are delegated, to oneself as well; their clock is the time (ERC-6372), as the
/// governor's and every deadline's. Tasks may pay in any other ERC-20.
contract ChorusToken is ERC20Permit, ERC20Votes, ERC3009 {
    /// @param supply in the smallest unit (18 decimals), all of it minted to `holder`; below 2^208
    constructor(address holder, uint256 supply) ERC20("Chorus", "CHOR") ERC20Permit("Chorus") {
        _mint(holder, supply);
    }

    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    function CLOCK_MODE() public view override returns (string memory) {
        return ERC6372Utils.timestampClockMode(clock);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
