/** Child process of `devices()`: computes one product on the device named on the command line. */
import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const answer = (reason?: string) =>
  process.send!(reason === undefined ? {} : { reason }, () => process.exit());

try {
  const g = new GraphBuilder({ name: 'probe' });
  const x = g.input('x', 'float32', [2, 2]);
  g.output(g.op('MatMul', [x, x]), 'float32', [2, 2], 'y');
  const session = await InferenceSession.create(encodeModel(g.build()), {
    executionProviders: [process.argv[2]!],
    // Otherwise a missing device goes unnoticed: the CPU would compute instead.
    extra: { session: { disable_cpu_ep_fallback: '1' } },
    logSeverityLevel: 4,
  });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]) });
  const values = Array.from(y!.data as Float32Array).join(',');
  answer(values === '7,10,15,22' ? undefined : `it computed ${values} instead of 7,10,15,22`);
} catch (error) {
  answer((error instanceof Error ? error.message : String(error)).slice(0, 500));
}
