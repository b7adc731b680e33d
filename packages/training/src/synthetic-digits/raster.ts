/** Side of an image in pixels. */
export const SIDE = 28;

/**
 * Draw a line from (x0, y0) to (x1, y1) with a round pen whose radius goes from r0 to r1, all in pixels. Ink
 * falls from 1 to 0 over one pixel at the edge; overlapping ink does not add up.
 */
export function drawSegment(
  image: Float64Array,
  x0: number,
  y0: number,
  r0: number,
  x1: number,
  y1: number,
  r1: number,
): void {
  const reach = Math.max(r0, r1) + 0.5;
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach));
  const right = Math.min(SIDE - 1, Math.floor(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach));
  const bottom = Math.min(SIDE - 1, Math.floor(Math.max(y0, y1) + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const inverse = 1 / (dx * dx + dy * dy + 1e-12);
  for (let py = top; py <= bottom; py++) {
    for (let px = left; px <= right; px++) {
      // The nearest point of the segment to the centre of the pixel.
      let t = ((px - x0) * dx + (py - y0) * dy) * inverse;
      t = Math.max(0, Math.min(1, t));
      const ex = px - x0 - t * dx;
      const ey = py - y0 - t * dy;
      const ink = r0 + t * (r1 - r0) + 0.5 - Math.sqrt(ex * ex + ey * ey);
      const at = py * SIDE + px;
      if (ink > image[at]!) image[at] = Math.min(ink, 1);
    }
  }
}
