import { basename } from 'node:path';
import { counted } from '@chorus/protocol';
import type { DataDescription, EpochResult, TrainedModel } from '@chorus/training';
import colors from 'yoctocolors';
import { bar, secondsLeft } from '../output/bar.ts';
import { chart } from '../output/chart.ts';
import { createSpinner } from '../output/spinner.ts';
import { table } from '../output/table.ts';
import { write } from '../output/terminal.ts';
import { duration } from '../output/units.ts';

export interface TrainView {
  /** How chorus has read the data. */
  data(lines: readonly string[]): void;
  open(facts: {
    dimension: number;
    device: string;
    samples: number;
    held: number;
    resumedFrom: number;
  }): void;
  progress(fraction: number, loss: number): void;
  epoch(result: EpochResult): void;
  finish(
    trained: TrainedModel,
    outcome: {
      out: string;
      /** File with the names of the classes; null if they have none. */
      classFile: string | null;
      /** Folder of the checkpoints that stay; null if they are removed. */
      checkpoints: string | null;
      understood: { train: DataDescription; test: DataDescription };
    },
  ): void;
  stop(): void;
}

/** Progress on standard error; the summary, or with `json` one JSON document, on standard output. */
export function createTrainView(
  model: string,
  { epochs, json }: { epochs: number; json: boolean },
): TrainView {
  const spinner = createSpinner();
  const losses: number[] = [];
  let began = 0;
  const say = (text: string) => {
    const shown = spinner.isSpinning;
    if (shown) spinner.stop();
    write(process.stderr, `${text}\n`);
    if (shown) spinner.start();
  };
  return {
    data(lines) {
      say(lines.join('\n'));
    },
    open({ dimension, device, samples, held, resumedFrom }) {
      const from = resumedFrom > 0 ? `, continuing after epoch ${resumedFrom}` : '';
      say(
        `${colors.bold(basename(model))}: ${counted(dimension, 'parameter')} train on ${device}, ` +
          `${counted(samples, 'sample')}, ${held.toLocaleString('en')} held out${from}`,
      );
      began = performance.now();
      spinner.start(`${colors.cyan(bar(0))} 0 %`);
    },
    progress(fraction, loss) {
      losses.push(loss);
      const left = secondsLeft(fraction, (performance.now() - began) / 1000);
      const time = left === null ? '' : ` | ${duration(left)} left`;
      spinner.text = `${colors.cyan(bar(fraction))} ${Math.floor(100 * fraction)} % | loss ${loss.toFixed(4)}${time}`;
    },
    epoch({ epoch, loss, validation, seconds }) {
      const tested = validation
        ? `, held out: loss ${validation.loss.toFixed(4)}, accuracy ${percent(validation.accuracy)}`
        : '';
      say(
        `epoch ${epoch}/${epochs}: loss ${loss.toFixed(4)}${tested}  ${colors.dim(`${seconds.toFixed(1)} s`)}`,
      );
    },
    finish(trained, files) {
      spinner.stop();
      if (json) {
        const { history, device, dimension } = trained;
        write(
          process.stdout,
          `${JSON.stringify({ model: files.out, classes: files.classFile, device, dimension, history, data: files.understood }, null, 2)}\n`,
        );
        return;
      }
      const curve = losses.length > 1 ? losses : trained.history.map(({ loss }) => loss);
      if (curve.length > 1) {
        write(process.stdout, `\nloss\n${chart(curve)}\n\n`);
      }
      write(process.stdout, `${historyTable(trained.history)}\n`);
      write(
        process.stdout,
        `${colors.green('trained')} ${files.out}${files.checkpoints === null ? '' : `  ${colors.dim(`checkpoints in ${files.checkpoints}`)}`}\n`,
      );
      if (files.classFile !== null) {
        write(
          process.stdout,
          `its classes are named in ${files.classFile}; in an agent file: classes: ./${basename(files.classFile)}\n`,
        );
      }
    },
    stop() {
      spinner.stop();
    },
  };
}

function historyTable(history: readonly EpochResult[]): string {
  const rows = history
    .slice(-SHOWN_EPOCHS)
    .map(({ epoch, loss, validation, seconds }) => [
      epoch,
      loss.toFixed(4),
      validation ? validation.loss.toFixed(4) : '-',
      validation ? percent(validation.accuracy) : '-',
      seconds.toFixed(1),
    ]);
  return table(['epoch', 'loss', 'held-out loss', 'accuracy', 's'], rows, { right: [0, 1, 2, 3, 4] });
}

const SHOWN_EPOCHS = 12;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
