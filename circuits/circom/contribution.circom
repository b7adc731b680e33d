pragma circom 2.1.6;

include "arithmetic.circom";
include "gram.circom";
include "reference-trust.circom";

// One round's proof of contribution: "I know a Gram matrix with this hash and this random bilinear form, and by the
// rule `reference-trust` it gives these weights and these shares."
//
// The Gram argument, outside, proves that the bilinear form is that of the committed updates. alpha and beta are
// drawn after the hash is fixed, so a matrix that is not the updates' passes with probability at most 2n / p.
//
// The circuit has three parts:
//   1. the matrix: every entry is a signed 63-bit integer, no squared norm is negative, the hash is the
//      public one, and so is the bilinear form;
//   2. the rule: weights and shares from the matrix, every floor, minimum and median proven;
//   3. the public words: 14 weights of 17 bits and 7 shares of 33 bits to a word, since public inputs cost gas.
//
// NOTE what the circuit does not enforce: that the matrix is a Gram matrix at all (the Gram argument does), that
// alpha and beta are the transcript's (the verifier supplies them), and that an entry is above -2^62: that one value
// is let through as well as all of |entry| < 2^62. Updates of int16 entries stay below 2^52.
template Contribution(n, logN) {
    // Public, in this order. innerProduct is c of the Gram argument, gramHash is h.
    signal input alpha;
    signal input beta;
    signal input innerProduct;
    signal input gramHash;
    signal input weightWords[(n + 13) \ 14];
    signal input shareWords[(n + 6) \ 7];

    // Private: the upper triangle, by rows. Row 0 is the reference, absent trainers have zero rows.
    signal input gram[triangleSize(n)];

    // 1. The matrix.
    component entry[triangleSize(n)];
    component hash = GramHash(n);
    for (var k = 0; k < triangleSize(n); k++) {
        entry[k] = SignedEntry();
        entry[k].entry <== gram[k];
        hash.shifted[k] <== entry[k].shifted;
    }
    gramHash === hash.out;

    for (var i = 0; i <= n; i++) {
        entry[triangleIndex(n, i, i)].isNonNegative === 1;
    }

    component form = BilinearForm(n);
    form.alpha <== alpha;
    form.beta <== beta;
    form.gram <== gram;
    innerProduct === form.out;

    // 2. The rule. A dot product below zero counts as zero.
    component rule = ReferenceTrust(n, logN);
    for (var i = 1; i <= n; i++) {
        var diagonal = triangleIndex(n, i, i);
        var dot = triangleIndex(n, 0, i);
        rule.squaredNorm[i - 1] <== gram[diagonal];
        rule.clippedDot[i - 1] <== entry[dot].isNonNegative * gram[dot];
    }

    // 3. The public words.
    component packedWeights = Packed(n, 17, 14);
    packedWeights.values <== rule.weight;
    packedWeights.words === weightWords;
    component packedShares = Packed(n, 33, 7);
    packedShares.values <== rule.share;
    packedShares.words === shareWords;
}
