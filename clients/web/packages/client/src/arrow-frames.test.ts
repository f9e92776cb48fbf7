import { expect, test } from 'vitest';

import { recorded, split } from '../test/recorded.js';
import { arrowMessages, checkArrowStream } from './arrow-frames.js';
import { BowshotError } from './error.js';

async function* each(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

async function messagesOf(chunks: Uint8Array[]): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for await (const { bytes } of arrowMessages(each(chunks))) messages.push(bytes);
  return messages;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof BowshotError ? error.code : String(error);
}

function checkCode(bytes: Uint8Array): string {
  try {
    checkArrowStream(bytes);
    return 'complete';
  } catch (error) {
    return error instanceof BowshotError ? error.code : String(error);
  }
}

test('a stream is cut into its messages however it arrives', async () => {
  const bytes = recorded('numbers');
  const whole = await messagesOf([bytes]);
  // A schema, three batches of at most 4,096 rows, the end marker.
  expect(whole).toHaveLength(5);
  expect(whole.at(-1)).toHaveLength(8);
  for (const size of [1, 7, 8, 1000, 65_536]) {
    const messages = await messagesOf(split(bytes, size));
    expect(Buffer.concat(messages).equals(bytes)).toBe(true);
    expect(messages.map(({ length }) => length)).toEqual(whole.map(({ length }) => length));
  }
});

test('every cut is noticed, also the one between two messages', async () => {
  const bytes = recorded('empty');
  for (let length = 0; length < bytes.length; ++length) {
    expect(checkCode(bytes.subarray(0, length))).toBe('incomplete_answer');
    expect(await codeOf(messagesOf([bytes.subarray(0, length)]))).toBe('incomplete_answer');
  }
  expect(checkCode(bytes)).toBe('complete');
});

test("the server's broken end is not taken for an end", async () => {
  const bytes = recorded('numbers');
  // protocol/PROTOCOL.md, section 7: FFFFFFFF, a length of 256, 8 bytes.
  const broken = new Uint8Array(16);
  new DataView(broken.buffer).setUint32(0, 0xffffffff, true);
  new DataView(broken.buffer).setInt32(4, 256, true);
  const cut = [bytes.subarray(0, -8), broken];
  expect(await codeOf(messagesOf(cut))).toBe('incomplete_answer');
  expect(checkCode(Buffer.concat(cut))).toBe('incomplete_answer');
});

test('bytes after the end, and bytes that are no Arrow, are refused', async () => {
  const bytes = recorded('empty');
  const longer = Buffer.concat([bytes, new Uint8Array(1)]);
  expect(checkCode(longer)).toBe('bad_answer');
  expect(await codeOf(messagesOf([longer]))).toBe('bad_answer');
  expect(await codeOf(messagesOf([bytes, new Uint8Array(1)]))).toBe('bad_answer');
  expect(checkCode(new TextEncoder().encode('<html>nothing here</html>'))).toBe('bad_answer');
});

test('no single flipped byte in the frames loops, crashes or passes as longer', () => {
  const bytes = recorded('empty');
  for (let at = 0; at < bytes.length; ++at) {
    const damaged = bytes.slice();
    damaged[at]! ^= 0xff;
    // Inside the metadata a flip may stay unseen here; what counts is that the check ends.
    expect(['complete', 'incomplete_answer', 'bad_answer']).toContain(checkCode(damaged));
  }
});
