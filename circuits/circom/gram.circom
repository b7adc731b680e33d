pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";

// The Gram matrix G of the updates: symmetric, rows 0..n, row 0 the reference, given as its upper triangle by
// rows: (0,0), (0,1), ..., (0,n), (1,1), ..., (n,n).

// Entries in the upper triangle.
function triangleSize(n) {
    return (n + 1) * (n + 2) \ 2;
}

// Where entry (i, j) is in the upper triangle; (j, i) is the same entry.
function triangleIndex(n, i, j) {
    var row = i < j ? i : j;
    var column = i < j ? j : i;
    return row * (n + 1) - row * (row - 1) \ 2 + column - row;
}

// `entry` is an integer in [-2^62, 2^62), negative ones being p - |entry|.
// shifted = entry + 2^62 in [0, 2^63); isNonNegative = 1 where entry >= 0, and 0 elsewhere: the shifted top bit.
template SignedEntry() {
    signal input entry;
    signal output shifted;
    signal output isNonNegative;

    shifted <== entry + (1 << 62);
    component decomposition = Num2Bits(63);
    decomposition.in <== shifted;
    isNonNegative <== decomposition.out[62];
}

// The Poseidon hash of the matrix: four shifted entries to a field element (4 x 63 = 252 bits < p, so packing is
// injective), then s = n; s = Poseidon(s, next 15 elements), the last chunk padded with zeros. The length is
// fixed by n, which is the first thing hashed.
// Caller: shifted in [0, 2^63).
template GramHash(n) {
    var entries = triangleSize(n);
    signal input shifted[entries];
    signal output out;

    var elementCount = (entries + 3) \ 4;
    var chunkCount = (elementCount + 14) \ 15;

    component chunk[chunkCount];
    for (var c = 0; c < chunkCount; c++) {
        chunk[c] = Poseidon(16);
        if (c == 0) {
            chunk[c].inputs[0] <== n;
        } else {
            chunk[c].inputs[0] <== chunk[c - 1].out;
        }
        for (var e = 0; e < 15; e++) {
            var element = 0;
            for (var k = 0; k < 4; k++) {
                var entry = 4 * (15 * c + e) + k;
                if (entry < entries) {
                    element += shifted[entry] * (1 << (63 * k));
                }
            }
            chunk[c].inputs[e + 1] <== element;
        }
    }
    out <== chunk[chunkCount - 1].out;
}

// out = sum_{i,j = 0..n} alpha^i beta^j G_ij, both triangles, by Horner's rule in beta along each row and in alpha
// down the rows. This is field arithmetic on purpose: the sum is meant modulo p.
template BilinearForm(n) {
    signal input alpha;
    signal input beta;
    signal input gram[triangleSize(n)];
    signal output out;

    signal row[n + 1][n + 1];
    signal total[n + 1];
    for (var i = n; i >= 0; i--) {
        row[i][n] <== gram[triangleIndex(n, i, n)];
        for (var j = n - 1; j >= 0; j--) {
            row[i][j] <== row[i][j + 1] * beta + gram[triangleIndex(n, i, j)];
        }
        if (i == n) {
            total[i] <== row[i][0];
        } else {
            total[i] <== total[i + 1] * alpha + row[i][0];
        }
    }
    out <== total[0];
}
