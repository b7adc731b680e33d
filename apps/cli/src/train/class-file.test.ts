import { describe, expect, it } from 'vitest';
import { classFileOf, classFileText } from './class-file.ts';

describe('the file of class names', () => {
  const named = (classNames: string[]) => classFileText({ classNames, report: undefined } as never);

  it('has a name a line', () => {
    expect(named(['cat', 'dog'])).toBe('cat\ndog\n');
  });

  it('is not written for numbers, nor for names that would read as several', () => {
    expect(named(['0', '1', '2'])).toBeNull();
    expect(named(['cat', 'dog\nwolf'])).toBeNull();
    expect(classFileText({ classNames: undefined, report: undefined } as never)).toBeNull();
  });

  it('lies next to the model, under its name', () => {
    expect(classFileOf('models/pets.ONNX')).toBe('models/pets.classes.txt');
    expect(classFileOf('pets')).toBe('pets.classes.txt');
  });
});
