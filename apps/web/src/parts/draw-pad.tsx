import { useRef, useState } from 'preact/hooks';
import type { Attachment } from '../state/attachment.ts';

/** Pixels of the pad, and of the picture that is sent: classifiers of digits look at 28 by 28. */
const PAD = 280;
const PICTURE = 112;
const PEN = 22;

/** Where a picture is drawn by hand: bright lines on dark ground, as digits are in the data that classifiers learn from. */
export function DrawPad({ onDone, onCancel }: { onDone: (drawn: Attachment) => void; onCancel: () => void }) {
  const pad = useRef<HTMLCanvasElement>(null);
  const [isEmpty, setEmpty] = useState(true);
  const last = useRef<[number, number] | null>(null);
  const at = (event: PointerEvent): [number, number] => {
    const { left, top, width, height } = pad.current!.getBoundingClientRect();
    return [(PAD * (event.clientX - left)) / width, (PAD * (event.clientY - top)) / height];
  };
  const move = (event: PointerEvent) => {
    if (!last.current) return;
    const to = at(event);
    line(pad.current!, last.current, to);
    last.current = to;
    setEmpty(false);
  };
  return (
    <div class="pad">
      <canvas
        ref={pad}
        width={PAD}
        height={PAD}
        role="img"
        aria-label="Drawing; to send a picture without drawing, attach a file"
        onPointerDown={(event) => {
          event.preventDefault();
          pad.current!.setPointerCapture(event.pointerId);
          last.current = at(event);
          move(event);
        }}
        onPointerMove={move}
        onPointerUp={() => {
          last.current = null;
        }}
        onPointerCancel={() => {
          last.current = null;
        }}
      />
      <div class="choice">
        <button
          type="button"
          disabled={isEmpty}
          onClick={async () => {
            onDone(await pictureOf(pad.current!));
          }}
        >
          Use the drawing
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => {
            pad.current!.getContext('2d')!.clearRect(0, 0, PAD, PAD);
            setEmpty(true);
          }}
        >
          Clear
        </button>
        <button type="button" class="plain" onClick={onCancel}>
          Close
        </button>
      </div>
    </div>
  );
}

function line(canvas: HTMLCanvasElement, from: [number, number], to: [number, number]): void {
  const context = canvas.getContext('2d')!;
  context.lineWidth = PEN;
  context.lineCap = 'round';
  context.strokeStyle = '#fff';
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/** The drawing on black ground, as a PNG. */
async function pictureOf(drawing: HTMLCanvasElement): Promise<Attachment> {
  const canvas = document.createElement('canvas');
  canvas.width = PICTURE;
  canvas.height = PICTURE;
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#000';
  context.fillRect(0, 0, PICTURE, PICTURE);
  context.imageSmoothingQuality = 'high';
  context.drawImage(drawing, 0, 0, PICTURE, PICTURE);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  const bytes = new Uint8Array(await blob!.arrayBuffer());
  return { name: 'drawing.png', mediaType: 'image/png', bytes };
}
