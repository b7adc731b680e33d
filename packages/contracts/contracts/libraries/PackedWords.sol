// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title Weights and shares of 16 trainers, packed: one public input of the proof costs 6,200 gas
/// @dev Weight i has 17 bits, 14 to a word; share i has 33 bits, 7 to a word; the lowest bits come first.
library PackedWords {
    uint256 private constant WEIGHT_BITS = 17;
    uint256 private constant WEIGHTS_PER_WORD = 14;
    uint256 private constant SHARE_BITS = 33;
    uint256 private constant SHARES_PER_WORD = 7;

    /// @notice The 16 weights, each below 2^17.
    function unpackWeights(uint256[2] calldata words) internal pure returns (uint256[16] memory weights) {
        uint256 source;
        assembly ("memory-safe") {
            source := words
        }
        _unpack(weights, source, WEIGHT_BITS, WEIGHTS_PER_WORD);
    }

    /// @notice The 16 shares, each below 2^33.
    function unpackShares(uint256[3] calldata words) internal pure returns (uint256[16] memory shares) {
        uint256 source;
        assembly ("memory-safe") {
            source := words
        }
        _unpack(shares, source, SHARE_BITS, SHARES_PER_WORD);
    }

    /// @notice Share `i`, below 16, of words in memory.
    function share(uint256[3] memory words, uint256 i) internal pure returns (uint256) {
        return (words[i / SHARES_PER_WORD] >> (i % SHARES_PER_WORD * SHARE_BITS)) & (2 ** SHARE_BITS - 1);
    }

    /// @notice Sets share `i`, below 16, of words in memory to 0.
    function clearShare(uint256[3] memory words, uint256 i) internal pure {
        words[i / SHARES_PER_WORD] &= ~((2 ** SHARE_BITS - 1) << (i % SHARES_PER_WORD * SHARE_BITS));
    }

    /// @param source where the words start in calldata
    function _unpack(uint256[16] memory entries, uint256 source, uint256 bits, uint256 perWord) private pure {
        assembly ("memory-safe") {
            let mask := sub(shl(bits, 1), 1)
            let target := entries
            for { let end := add(target, 0x200) } lt(target, end) { source := add(source, 0x20) } {
                let word := calldataload(source)
                let wordEnd := add(target, shl(5, perWord))
                if gt(wordEnd, end) { wordEnd := end }
                for {} lt(target, wordEnd) { target := add(target, 0x20) } {
                    mstore(target, and(word, mask))
                    word := shr(bits, word)
                }
            }
        }
    }

    /// @notice True where no bit is set beyond weight 15 and share 15: one encoding for each list, and every
    /// word is below the order of the scalar field.
    function isCanonical(uint256[2] calldata weights, uint256[3] calldata shares) internal pure returns (bool) {
        return weights[0] >> (WEIGHTS_PER_WORD * WEIGHT_BITS) == 0 && weights[1] >> (2 * WEIGHT_BITS) == 0
            && shares[0] >> (SHARES_PER_WORD * SHARE_BITS) == 0
            && shares[1] >> (SHARES_PER_WORD * SHARE_BITS) == 0 && shares[2] >> (2 * SHARE_BITS) == 0;
    }
}
