/** What a classifier answers: the label it finds, and how sure it is of which labels. */
export interface Classification {
  label: string;
  /** From 0 to 1. */
  confidence: number;
  top: readonly { label: string; confidence: number }[];
}

const MOST_LABELS = 10;

const isPart = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

/** A value that an agent has sent as a classification; null if it is something else. */
export function classificationOf(value: unknown): Classification | null {
  const { label, confidence, top } = (value ?? {}) as Record<string, unknown>;
  if (typeof label !== 'string' || !isPart(confidence) || !Array.isArray(top)) return null;
  const listed = top.slice(0, MOST_LABELS).flatMap((each: unknown) => {
    const { label: name, confidence: part } = (each ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && isPart(part) ? [{ label: name.slice(0, 100), confidence: part }] : [];
  });
  return { label: label.slice(0, 100), confidence, top: listed };
}
