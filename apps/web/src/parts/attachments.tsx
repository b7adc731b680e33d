import { useEffect, useRef } from 'preact/hooks';
import { bytesText } from '../format/text.ts';
import type { Attachment } from '../state/attachment.ts';

/** Files of a question, with what they show. */
export function Attachments({
  files,
  onRemove,
}: {
  files: readonly Attachment[];
  onRemove?: ((file: Attachment) => void) | undefined;
}) {
  if (files.length === 0) return null;
  return (
    <ul class="files">
      {files.map((file, i) => (
        // Two drawings have one name.
        <li key={`${i} ${file.name} ${file.bytes.length}`}>
          {file.mediaType.startsWith('image/') && <Picture file={file} />}
          <small>
            {file.name}, {bytesText(file.bytes.length)}
          </small>
          {onRemove && (
            <button type="button" class="plain" onClick={() => onRemove(file)}>
              Remove <span class="unseen">{file.name}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const SIDE = 96;

/** The user's own picture, painted: the page's policy loads no image that is not a file of the page. */
function Picture({ file }: { file: Attachment }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isGone = false;
    createImageBitmap(new Blob([file.bytes], { type: file.mediaType })).then(
      (bitmap) => {
        const { width, height } = bitmap;
        const scale = SIDE / Math.max(width, height);
        if (!isGone)
          canvas.current
            ?.getContext('2d')
            ?.drawImage(
              bitmap,
              (SIDE - scale * width) / 2,
              (SIDE - scale * height) / 2,
              scale * width,
              scale * height,
            );
        bitmap.close();
      },
      // The agent says what it cannot read; here its name is shown.
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [file]);
  return (
    <canvas ref={canvas} width={SIDE} height={SIDE} role="img" aria-label={`The picture ${file.name}`} />
  );
}
