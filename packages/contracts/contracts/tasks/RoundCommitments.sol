// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {Bn254, G1Point} from "../libraries/Bn254.sol";
import {MAX_TRAINERS, MAX_VALIDATORS, Round, Task, Tasks} from "./TaskTypes.sol";

/// @dev Groups of references that a rule may score by.
uint256 constant GROUPS = 3;

/// @title What was committed to in a round; its hash stands for it in what validators sign
/// @dev 31 points of two words: those of the trainers' updates, then those of the opened references by appointment;
/// zero if one does not exist. It is abi.encode(G1Point[16], G1Point[15]). Without the digests: a settlement would read
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

    /// @dev The leading rows of a statement: sums of the references in `used`, then the novelty. With groups, validator j
    /// of the appointment is in group j mod 3, and a group may be empty; fewer than three appointed validators make no
    /// groups, so each row is the sum of all. Without, the sum is row 0, and there is nothing else.
    function headRows(Task storage task, bytes memory points, uint256 used, G1Point calldata novelty)
        internal
        view
        returns (G1Point[GROUPS + 1] memory rows)
    {
        bool hasGroups = task.hasGroups;
        uint256 count = hasGroups && task.validatorCount >= GROUPS ? GROUPS : 1;
        for (uint256 i = 0; used >> i != 0; i++) {
            if (!Tasks.hasBit(used, i)) continue;
            rows[i % count] = Bn254.add(rows[i % count], pointAt(points, MAX_TRAINERS + i));
        }
        if (!hasGroups) return rows;
        if (count == 1) (rows[1], rows[2]) = (rows[0], rows[0]);
        rows[GROUPS] = novelty;
    }

    /// @dev What stands for the novelty in a verdict; reverts for one that no round of this task can be settled with.
    function noveltyHash(Task storage task, G1Point calldata novelty) internal view returns (bytes32) {
        bool valid = task.hasGroups ? Bn254.isPoint(novelty) : Bn254.isInfinity(novelty);
        if (!valid) revert ITaskManager.InvalidNovelty();
        return keccak256(abi.encode(novelty));
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
