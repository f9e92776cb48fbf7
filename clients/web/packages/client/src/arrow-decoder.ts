import { RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';

import { END_OF_STREAM, type ArrowMessage } from './arrow-frames.js';
import { BowshotError } from './error.js';

export interface DecodedStream {
  schema: Schema;
  batches: AsyncGenerator<RecordBatch, void, undefined>;
}

/**
 * Record batches of messages, each as soon as its message is here. apache-arrow's own asynchronous
 * reader reads ahead: it gives a batch only when the next message has come, and whoever leaves its
 * loop waits for that message too. So every batch is decoded as a stream of its own, after the schema
 * and the dictionaries, which come whole before the first batch that needs them. Nothing is copied.
 */
export async function decodeBatches(
  messages: AsyncGenerator<ArrowMessage, void, undefined>,
): Promise<DecodedStream> {
  const first = await messages.next();
  if (first.done || first.value.kind !== 'schema') {
    throw BowshotError.ofClient('bad_answer', 'the Arrow stream does not begin with a schema');
  }
  const head = [first.value.bytes];
  const { schema } = RecordBatchReader.from([...head, END_OF_STREAM]).open();
  return { schema, batches: batchesOf(messages, head, schema) };
}

async function* batchesOf(
  messages: AsyncGenerator<ArrowMessage, void, undefined>,
  head: Uint8Array[],
  schema: Schema,
): AsyncGenerator<RecordBatch, void, undefined> {
  for await (const { kind, bytes } of messages) {
    if (kind === 'end') continue;
    if (kind === 'schema') {
      throw BowshotError.ofClient('bad_answer', 'the Arrow stream has two schemas');
    }
    if (kind === 'dictionary') head.push(bytes);
    else yield decodeBatch([...head, bytes, END_OF_STREAM], schema);
  }
}

function decodeBatch(messages: Uint8Array[], schema: Schema): RecordBatch {
  for (const batch of RecordBatchReader.from(messages)) return new RecordBatch(schema, batch.data);
  throw BowshotError.ofClient('bad_answer', 'a record batch cannot be read');
}
