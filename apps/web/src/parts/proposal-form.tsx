import type { GovernanceDocument, ParameterDocument, ProposeRequest } from '@chorus/admin-api';
import { parseParameterValue, VALUE_FORMATS, valueText } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { sumsIn } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';
import { TextField } from './text-field.tsx';

interface FormOptions {
  api: Api;
  governance: GovernanceDocument;
  parameter: ParameterDocument;
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
  onClose: () => void;
}

/** Proposes another value of a parameter. */
export function ProposalForm({ api, governance, parameter, onEnd, onClose }: FormOptions) {
  const [text, setText] = useState('');
  const [why, setWhy] = useState('');
  const { prepare, shown, isOpen } = usePrepared(() => {
    onClose();
    onEnd();
  });
  const value = parseParameterValue(parameter, text.trim());
  if (isOpen) return shown;
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        if (value !== null) prepare(() => proposalOf(api, governance, parameter, value, why.trim()));
      }}
    >
      <TextField
        name={`New value: ${VALUE_FORMATS[parameter.unit]}`}
        most={60}
        value={text}
        onChange={setText}
      />
      <TextField name="Why; everyone can read it" rows={2} most={3_000} value={why} onChange={setWhy} />
      <div class="choice">
        <button type="submit" disabled={value === null}>
          Propose ...
        </button>
        <button type="button" class="plain" onClick={onClose}>
          Close
        </button>
      </div>
      {shown}
    </form>
  );
}

async function proposalOf(
  api: Api,
  governance: GovernanceDocument,
  parameter: ParameterDocument,
  value: string,
  description: string,
): Promise<Transfer> {
  const sum = sumsIn(governance);
  const [before, after] = [parameter.value, value].map((each) => valueText(parameter, each));
  const ofToken = parameter.name === 'minimum-stake' && parameter.token ? { token: parameter.token } : {};
  const request: ProposeRequest = {
    title: `${parameter.name} ${after}`,
    description,
    changes: [{ name: parameter.name, value, ...ofToken }],
  };
  const checked = await api.propose({ ...request, dryRun: true });
  return {
    title: 'Propose it to a vote?',
    rows: [
      ['Change', `${parameter.name}: ${before} -> ${after}`],
      ['What it does', parameter.effect],
      [
        'Your votes',
        <>
          {sum(checked.votes)} of {sum(governance.threshold)} needed
        </>,
      ],
      [
        'The vote',
        `${new Date(checked.voteStart).toLocaleString()} to ${new Date(checked.voteEnd).toLocaleString()}`,
      ],
      ['Carried out', `from ${new Date(checked.executableAt).toLocaleString()} on, if it passes`],
      ['Costs', 'the gas of one transaction'],
    ],
    action: 'Propose it',
    send: async () => {
      const { number, transaction } = await api.propose(request);
      return `Proposed as number ${number}, by transaction ${transaction}.`;
    },
  };
}
