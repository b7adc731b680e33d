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

    /// @notice True for a finite point of the curve y^2 = x^3 + 3 in canonical coordinates. Infinity is not one.
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

    /// @notice sum += scalar * (x, y), by precompiles 7 and 6.
    function addMul(G1Point memory sum, uint256 x, uint256 y, uint256 scalar) internal view {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, x)
            mstore(add(input, 0x20), y)
            mstore(add(input, 0x40), scalar)
            ok := staticcall(gas(), 7, input, 0x60, input, 0x40)
            mcopy(add(input, 0x40), sum, 0x40)
            ok := and(ok, staticcall(gas(), 6, input, 0x80, sum, 0x40))
        }
        if (!ok) revert PrecompileFailed();
    }

    function negate(G1Point memory point) internal pure returns (G1Point memory) {
        return G1Point(point.x, point.y == 0 ? 0 : Q - point.y);
    }

    function generator1() internal pure returns (G1Point memory) {
        return G1Point(1, 2);
    }

    /// @notice The generator of G2 that EIP-197 states.
    function generator2() internal pure returns (G2Point memory) {
        return G2Point(
            [
                10857046999023057135944570762232829481370756359578518086990519993285655852781,
                11559732032986387107991004021392285783925812861821192530917403151452391805634
            ],
            [
                8495653923123431417604973247489272438418190587263600148770280649306958101930,
                4082367875863433681332203403145435568316851327593401208105741076214120093531
            ]
        );
    }

    /// @notice value^-1 in the scalar field by Fermat's little theorem, precompile 5; 0 for 0.
    function inverse(uint256 value) internal view returns (uint256 result) {
        bool ok;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 0x20)
            mstore(add(input, 0x20), 0x20)
            mstore(add(input, 0x40), 0x20)
            mstore(add(input, 0x60), value)
            mstore(add(input, 0x80), sub(P, 2))
            mstore(add(input, 0xa0), P)
            ok := staticcall(gas(), 5, input, 0xc0, 0, 0x20)
            result := mload(0)
        }
        if (!ok) revert PrecompileFailed();
    }

    enum PairingResult {
        InvalidInput,
        NotOne,
        One
    }

    /// @notice Writes pair `index` of a pairing's input, which starts at memory address `input`.
    function setPair(uint256 input, uint256 index, G1Point memory point1, G2Point memory point2) internal pure {
        assembly ("memory-safe") {
            let target := add(input, mul(index, 0xc0))
            mcopy(target, point1, 0x40)
            let x := mload(point2)
            let y := mload(add(point2, 0x20))
            mstore(add(target, 0x40), mload(add(x, 0x20)))
            mstore(add(target, 0x60), mload(x))
            mstore(add(target, 0x80), mload(add(y, 0x20)))
            mstore(add(target, 0xa0), mload(y))
        }
    }

    /// @notice Whether the product of the first `count` pairings is one, by precompile 8.
    function pairing(uint256 input, uint256 count) internal view returns (PairingResult) {
        bool ok;
        uint256 isOne;
        assembly ("memory-safe") {
            ok := staticcall(gas(), 8, input, mul(count, 0xc0), 0, 0x20)
            isOne := mload(0)
        }
        if (!ok) return PairingResult.InvalidInput;
        return isOne == 1 ? PairingResult.One : PairingResult.NotOne;
    }
}
