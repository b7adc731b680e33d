import { useState } from 'preact/hooks';
import { type Failure, toFailure } from '../api/failure.ts';
import { FailureNotice } from './notices.tsx';
import { Signing, type Transfer } from './signing.tsx';

/** What the node says before anything is sent: the transaction to agree to, or why it refuses. */
export function usePrepared(onEnd: () => void) {
  const [transfer, setTransfer] = useState<Transfer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const prepare = (work: () => Promise<Transfer>) => {
    setFailure(null);
    work().then(setTransfer, (error: unknown) => setFailure(toFailure(error)));
  };
  const end = () => {
    setTransfer(null);
    onEnd();
  };
  const shown = (
    <>
      <FailureNotice failure={failure} />
      {transfer && <Signing key={transfer.title} of={transfer} onEnd={end} />}
    </>
  );
  return { prepare, shown, isOpen: transfer !== null };
}
