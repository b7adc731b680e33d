// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @notice An affine point of BN254 G1; infinity is (0, 0), as in EIP-196.
struct G1Point {
    uint256 x;
    uint256 y;
}

/// @notice An affine point of BN254 G2; coordinates are (c0, c1) of c0 + c1 * u.
/// @dev EIP-197 wants c1 first: swap when writing the precompile's input.
struct G2Point {
    uint256[2] x;
    uint256[2] y;
}

/// @title BN254 group arithmetic by the precompiles of EIP-196 (prices of EIP-1108)
library Bn254 {
    /// @dev Order of the base field.
    uint256 internal constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    /// @dev Order of the groups and of the scalar field.
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice A precompile refused its input.
    error PrecompileFailed();

    /// @notice True for a finite point of the curve y^2 = x^3 + 3 in canonical coordinates. Infinity is none.
    function isFinitePoint(G1Point memory point) internal pure returns (bool) {
        uint256 x = point.x;
        uint256 y = point.y;
        if (x >= Q || y >= Q) return false;
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    /// @notice True for a point of the curve in canonical coordinates, infinity included.
    function isPoint(G1Point memory point) internal pure returns (bool) {
        return isInfinity(point) || isFinitePoint(point);
    }

    function isInfinity(G1Point memory point) internal pure returns (bool) {
        return point.x == 0 && point.y == 0;
    }

    function equal(G1Point memory a, G1Point memory b) internal pure returns (bool) {
        return a.x == b.x && a.y == b.y;
    }

    /// @notice a + b, by precompile 6.
    function add(G1Point memory a, G1Point memory b) internal view returns (G1Point memory sum) {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, a, 0x40)
            mcopy(add(input, 0x40), b, 0x40)
            ok := staticcall(gas(), 6, input, 0x80, sum, 0x40)
        }
        if (!ok) revert PrecompileFailed();
    }

    /// @notice scalar * point, by precompile 7.
    function mul(G1Point memory point, uint256 scalar) internal view returns (G1Point memory product) {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, point, 0x40)
            mstore(add(input, 0x40), scalar)
            ok := staticcall(gas(), 7, input, 0x60, product, 0x40)
        }
        if (!ok) revert PrecompileFailed();
    }
}
