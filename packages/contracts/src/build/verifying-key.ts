/** A Groth16 verifying key as snarkjs writes it, numbers in decimal. */
export interface VerifyingKey {
  protocol: string;
  curve: string;
  nPublic: number;
  vk_alpha_1: string[];
  vk_beta_2: string[][];
  vk_gamma_2: string[][];
  vk_delta_2: string[][];
  IC: string[][];
}

/** Public inputs for 16 trainers: alpha, beta, c, h, two words of weights, three of shares. */
export const PUBLIC_INPUTS = 9;

/** The generator of G2 (EIP-197), coordinates as (c0, c1). */
export const G2_GENERATOR = [
  [
    '10857046999023057135944570762232829481370756359578518086990519993285655852781',
    '11559732032986387107991004021392285783925812861821192530917403151452391805634',
  ],
  [
    '8495653923123431417604973247489272438418190587263600148770280649306958101930',
    '4082367875863433681332203403145435568316851327593401208105741076214120093531',
  ],
] as const;

/**
 * Every number of a key, in the order that `verifyingKeyHash` hashes: alpha, beta, gamma, delta, IC_0..IC_9.
 * @throws Error where it is no key for this verifier: another number of inputs, a gamma that is not the
 * generator (the verifier merges pairs by it), or gamma = delta (then anyone can forge proofs)
 */
export function keyNumbers(key: VerifyingKey): bigint[] {
  if (key.protocol !== 'groth16' || key.curve !== 'bn128') throw new Error('not a Groth16 key over BN254');
  if (key.nPublic !== PUBLIC_INPUTS || key.IC.length !== PUBLIC_INPUTS + 1) {
    throw new Error(`the key has ${key.nPublic} public inputs, the verifier ${PUBLIC_INPUTS}`);
  }
  const g1 = (point: string[]): bigint[] => [BigInt(point[0]!), BigInt(point[1]!)];
  const g2 = (point: readonly (readonly string[])[]): bigint[] => [
    ...g1([...point[0]!]),
    ...g1([...point[1]!]),
  ];
  const [gamma, delta] = [g2(key.vk_gamma_2), g2(key.vk_delta_2)];
  if (gamma.join() !== g2(G2_GENERATOR).join())
    throw new Error('gamma of the key is not the generator of G2');
  if (delta.join() === gamma.join()) throw new Error('delta of the key equals gamma: phase 2 was never run');
  return [...g1(key.vk_alpha_1), ...g2(key.vk_beta_2), ...gamma, ...delta, ...key.IC.flatMap(g1)];
}

/** Names in a generated library: its own, the rule, and the key's file. */
export interface KeyNames {
  library: string;
  rule: string;
  file: string;
}

/** The Solidity library that holds a key: its numbers end up in the verifier's code, where nothing can change them. */
export function renderKey(key: VerifyingKey, { library, rule, file }: KeyNames): string {
  const numbers = keyNumbers(key);
  const [ax, ay, bx0, bx1, by0, by1, , , , , dx0, dx1, dy0, dy1, ...ic] = numbers;
  const inputs = Array.from({ length: PUBLIC_INPUTS }, (_, i) => i);
  const g2 = (x0?: bigint, x1?: bigint, y0?: bigint, y1?: bigint): string =>
    `G2Point(\n            [\n                ${x0},\n                ${x1}\n            ],\n            [\n                ${y0},\n                ${y1}\n            ]\n        )`;
  return `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Bn254, G1Point, G2Point} from "../libraries/Bn254.sol";

/// @title The Groth16 verifying key of the circuit of \`${rule}\` for 16 trainers
/// @dev Generated from circuits/keys/${file} by \`pnpm --filter @chorus/contracts build\`.
/// gamma is the generator of G2.
library ${library} {
    function alpha1() internal pure returns (G1Point memory) {
        return G1Point(
            ${ax},
            ${ay}
        );
    }

    function beta2() internal pure returns (G2Point memory) {
        return ${g2(bx0, bx1, by0, by1)};
    }

    function delta2() internal pure returns (G2Point memory) {
        return ${g2(dx0, dx1, dy0, dy1)};
    }

    /// @dev IC_0 + sum of inputs[i] * IC_(i + 1).
    function combine(uint256[${PUBLIC_INPUTS}] memory inputs) internal view returns (G1Point memory sum) {
        sum = G1Point(
            ${ic[0]},
            ${ic[1]}
        );
${inputs
  .map(
    (i) => `        Bn254.addMul(
            sum,
            ${ic[2 * i + 2]},
            ${ic[2 * i + 3]},
            inputs[${i}]
        );`,
  )
  .join('\n')}
    }

    function hash() internal pure returns (bytes32) {
        uint256[${numbers.length}] memory numbers = [
${numbers.map((n) => `            uint256(${n})`).join(',\n')}
        ];
        return keccak256(abi.encode(numbers));
    }
}
`;
}
