// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title Positions of a long list, drawn without putting any back
/// @dev The first steps of a Fisher-Yates shuffle of which only the moved entries are written down.
library Sampling {
    struct Draw {
        bytes32 seed;
        /// Length of the list.
        uint256 count;
        /// Positions drawn so far.
        uint256 drawn;
        /// What lies at position `moved[i]` now, for the first `moves`.
        uint256[] moved;
        uint256[] lies;
        uint256 moves;
    }

    /// @param most positions that will be drawn
    function start(bytes32 seed, uint256 count, uint256 most) internal pure returns (Draw memory) {
        return Draw(seed, count, 0, new uint256[](most), new uint256[](most), 0);
    }

    /// @dev Fewer than `count` and `most` have been drawn. Not uniform to the last bit of 256.
    function next(Draw memory d) internal pure returns (uint256 position) {
        uint256 i = d.drawn++;
        uint256 j = i + uint256(keccak256(abi.encode(d.seed, i))) % (d.count - i);
        uint256 slot = _slot(d, j);
        position = slot == d.moves ? j : d.lies[slot];
        uint256 first = _slot(d, i);
        uint256 there = first == d.moves ? i : d.lies[first];
        d.moved[slot] = j;
        d.lies[slot] = there;
        if (slot == d.moves) d.moves++;
    }

    /// @return slot in which position `p` was written down; `moves` if it was not
    function _slot(Draw memory d, uint256 p) private pure returns (uint256 slot) {
        while (slot < d.moves && d.moved[slot] != p) slot++;
    }
}
