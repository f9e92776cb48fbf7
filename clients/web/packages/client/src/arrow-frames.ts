import { BowshotError } from './error.js';

/**
 * The framing of an Arrow IPC stream: messages of `FFFFFFFF`, an int32 metadata length, the metadata
 * (a flatbuffer that states the body's length) and the body; a length of 0 ends the stream.
 *
 * Readers of Arrow take an early end of input for the end of the stream, so a connection that broke
 * between two batches would give a short table without a word. Here only the end marker ends it.
 */
const CONTINUATION = 0xffffffff;
const PREFIX_BYTES = 8;
/** More than any schema has; a corrupt length must not make us wait for gigabytes. */
const METADATA_BYTES_MAX = 256 << 20;

export type MessageKind = 'schema' | 'dictionary' | 'batch' | 'end';

export interface ArrowMessage {
  kind: MessageKind;
  bytes: Uint8Array;
}

/** The end marker as it is written. */
export const END_OF_STREAM = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Whole messages, each as soon as it is here and as one piece; the end marker is the last. Throws
 * `incomplete_answer` when the input ends before it. Closing the iteration closes `chunks`. The input
 * is read to its end: a body that is not costs the connection.
 */
export async function* arrowMessages(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ArrowMessage, void, undefined> {
  const input = new ByteQueue();
  let needed = PREFIX_BYTES;
  let ended: ArrowMessage | undefined;
  for await (const chunk of chunks) {
    input.push(chunk);
    while (input.length >= needed) {
      const total = messageBytes(input.peek(needed));
      if (total > needed) {
        needed = total;
        continue;
      }
      const bytes = input.take(needed);
      needed = PREFIX_BYTES;
      if (isEndMarker(bytes)) {
        ended = { kind: 'end', bytes };
        break;
      }
      yield { kind: kindOf(bytes), bytes };
    }
    if (ended && input.length > 0) throw trailing(input.length);
  }
  if (!ended) throw incomplete(input.length);
  yield ended;
}

/** The same check for a whole answer. Bytes after the end marker are an error too. */
export function checkArrowStream(bytes: Uint8Array): void {
  let offset = 0;
  for (;;) {
    let needed = PREFIX_BYTES;
    for (;;) {
      if (offset + needed > bytes.length) throw incomplete(bytes.length - offset);
      const total = messageBytes(bytes.subarray(offset, offset + needed));
      if (total === needed) break;
      needed = total;
    }
    const ended = isEndMarker(bytes.subarray(offset, offset + needed));
    offset += needed;
    if (!ended) continue;
    if (offset === bytes.length) return;
    throw trailing(bytes.length - offset);
  }
}

/**
 * How many bytes of the message must be seen: more than `seen.length` as long as its size is not
 * known, then the size itself.
 */
function messageBytes(seen: Uint8Array): number {
  const view = new DataView(seen.buffer, seen.byteOffset, seen.byteLength);
  if (view.getUint32(0, true) !== CONTINUATION) {
    throw BowshotError.ofClient('bad_answer', 'the answer is not an Arrow stream');
  }
  const metadataBytes = view.getInt32(4, true);
  if (metadataBytes === 0) return PREFIX_BYTES;
  if (metadataBytes < 0 || metadataBytes > METADATA_BYTES_MAX) {
    throw BowshotError.ofClient(
      'bad_answer',
      `an Arrow message has a head of ${metadataBytes} bytes`,
    );
  }
  const headBytes = PREFIX_BYTES + metadataBytes;
  if (seen.length < headBytes) return headBytes;
  return headBytes + bodyBytes(view, PREFIX_BYTES, metadataBytes);
}

/** `Message.bodyLength`. */
function bodyBytes(view: DataView, start: number, length: number): number {
  const field = messageField(view, start, length, 3);
  const bytes = field === undefined ? 0 : readWithin(view, field, 8, start, start + length);
  if (bytes < 0 || !Number.isSafeInteger(bytes)) throw badMetadata();
  return bytes;
}

/** `Message.header_type`, a member of the union MessageHeader. */
function kindOf(message: Uint8Array): MessageKind {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const length = view.getInt32(4, true);
  const field = messageField(view, PREFIX_BYTES, length, 1);
  const kind = field === undefined ? 0 : view.getUint8(field);
  const kinds: Record<number, MessageKind> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
  const known = kinds[kind];
  if (!known) throw badMetadata();
  return known;
}

/** Where a field of the flatbuffer table Message is; undefined when it is left out. */
function messageField(view: DataView, start: number, length: number, field: number) {
  const end = start + length;
  const table = start + readWithin(view, start, 4, start, end);
  const vtable = table - readWithin(view, table, 4, start, end);
  const vtableBytes = readWithin(view, vtable, 2, start, end);
  const slot = 4 + field * 2;
  if (vtableBytes < slot + 2) return undefined;
  const offset = readWithin(view, vtable + slot, 2, start, end);
  if (offset === 0) return undefined;
  if (table + offset >= end) throw badMetadata();
  return table + offset;
}

function readWithin(view: DataView, at: number, bytes: 2 | 4 | 8, start: number, end: number) {
  if (at < start || at + bytes > end) throw badMetadata();
  if (bytes === 2) return view.getUint16(at, true);
  return bytes === 4 ? view.getInt32(at, true) : Number(view.getBigInt64(at, true));
}

function isEndMarker(message: Uint8Array): boolean {
  return message.length === PREFIX_BYTES;
}

function badMetadata(): BowshotError {
  return BowshotError.ofClient('bad_answer', 'the head of an Arrow message cannot be read');
}

function trailing(bytes: number): BowshotError {
  return BowshotError.ofClient('bad_answer', `${bytes} bytes follow the end of the Arrow stream`);
}

function incomplete(rest: number): BowshotError {
  const where = rest > 0 ? 'inside a message' : 'before its end marker';
  return BowshotError.ofClient('incomplete_answer', `the Arrow stream ended ${where}`);
}

/** Bytes that came and are not used yet, joined only as far as someone asks for them. */
class ByteQueue {
  length = 0;
  #chunks: Uint8Array[] = [];

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The first `count` bytes, which stay. */
  peek(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (first && first.length >= count) return first.subarray(0, count);
    const joined = new Uint8Array(count);
    let filled = 0;
    let used = 0;
    while (filled < count) {
      const chunk = this.#chunks[used]!;
      const part = Math.min(chunk.length, count - filled);
      joined.set(chunk.subarray(0, part), filled);
      filled += part;
      if (part < chunk.length) {
        this.#chunks[used] = chunk.subarray(part);
        break;
      }
      used += 1;
    }
    this.#chunks.splice(0, used, joined);
    return joined;
  }

  /** The first `count` bytes, removed. */
  take(count: number): Uint8Array {
    const taken = this.peek(count);
    const first = this.#chunks[0]!;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    this.length -= count;
    return taken;
  }
}
