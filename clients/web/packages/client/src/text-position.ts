/**
 * The index into `text` (UTF-16 code units) of a byte offset into its UTF-8 form, which is how the
 * server counts. An offset inside a character gives that character's start; one past the end, the
 * length.
 */
export function stringIndex(text: string, byteOffset: number): number {
  let bytes = 0;
  let index = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    if (bytes > byteOffset) return index;
    index += character.length;
  }
  return index;
}

/**
 * The end of the word, quoted name, literal or operator that begins at `start`: what an error at a
 * position is about. At least one character, unless `start` is the end.
 */
export function tokenEnd(text: string, start: number): number {
  const rest = text.slice(start);
  const token =
    /^"(?:[^"]|"")*"?|^'(?:[^']|'')*'?|^[\p{L}_][\p{L}\p{N}_.]*|^[\d.]+(?:[eE][+-]?\d+)?|^(?:<>|<=|>=)/u.exec(
      rest,
    );
  if (token) return start + token[0].length;
  const codePoint = rest.codePointAt(0);
  return codePoint === undefined ? start : start + String.fromCodePoint(codePoint).length;
}
