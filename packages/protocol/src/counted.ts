/**
 * A number with its noun, as in "1 round", "2 rounds" and "1,200 images".
 * @param many the plural, if it is not made with "s"
 */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${Number(count) === 1 ? one : many}`;
}
