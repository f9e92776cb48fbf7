/** A value where values stand by themselves: a missing one and an empty text have a name. */
export function valueText(text: string | null): string {
  if (text === null) return 'null';
  return text === '' ? '(empty)' : text;
}
