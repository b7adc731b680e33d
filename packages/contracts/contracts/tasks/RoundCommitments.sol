// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {G1Point} from "../libraries/Bn254.sol";
import {MAX_TRAINERS, MAX_VALIDATORS, Round, Task, Tasks} from "./TaskTypes.sol";

/// @title What was committed to in a round; its hash stands for it in what validators sign
/// @dev 31 points of two words: those of the trainers' updates, then those of the opened references by appointment;
/// zero where there is none. It is abi.encode(G1Point[16], G1Point[15]). Without the digests: a settlement would read
/// 17 more slots, 36,000 gas, and one commitment has one payload.
library RoundCommitments {
    function load(Task storage task, Round memory state) internal view returns (bytes memory points) {
        points = new bytes(64 * (MAX_TRAINERS + MAX_VALIDATORS));
        uint256 committed = state.committed;
        for (uint256 i = 0; committed >> i != 0; i++) {
            if (Tasks.hasBit(committed, i)) _copy(task.updates[i].commitment, points, i);
        }
        uint256 opened = state.openedBits;
        for (uint256 i = 0; opened >> i != 0; i++) {
            if (Tasks.hasBit(opened, i)) _copy(task.references[i].commitment, points, MAX_TRAINERS + i);
        }
    }

    /// @dev Point `index`, where it lies.
    function pointAt(bytes memory points, uint256 index) internal pure returns (G1Point memory point) {
        assembly ("memory-safe") {
            point := add(add(points, 0x20), shl(6, index))
        }
    }

    function _copy(G1Point storage from, bytes memory points, uint256 index) private view {
        (uint256 x, uint256 y) = (from.x, from.y);
        assembly ("memory-safe") {
            let target := add(add(points, 0x20), shl(6, index))
            mstore(target, x)
            mstore(add(target, 0x20), y)
        }
    }
}
