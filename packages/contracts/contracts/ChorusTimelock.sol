// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title OpenZeppelin's timelock, between the governor and the parameters
/// @dev Nothing is added: it is here so that its artifact is committed with the others.
contract ChorusTimelock is TimelockController {
    /// @param minDelay seconds between a decision and its execution
    /// @param admin grants the governor its roles after deployment, then renounces; zero: only the timelock itself does
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors, address admin)
        TimelockController(minDelay, proposers, executors, admin)
    {}
}
