/** q: order of BN254's base field (coordinates of points). */
export const BASE_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** p: order of BN254's scalar field and of its groups (EIP-196). */
export const SCALAR_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Bytes of a field element, an affine point of G1 and G2; a Jacobian G1 point has 96, a G2 one 192. */
export const FIELD_BYTES = 32;
export const G1_BYTES = 64;
export const G2_BYTES = 128;
export const G1_JACOBIAN_BYTES = 96;
export const G2_JACOBIAN_BYTES = 192;
