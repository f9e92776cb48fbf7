import { Table, tableFromIPC, type RecordBatch, type Schema } from 'apache-arrow';

import { decodeBatches } from './arrow-decoder.js';
import { arrowMessages, checkArrowStream } from './arrow-frames.js';
import { codecOf, registerCodec, type CodecName } from './codecs.js';
import { BowshotError } from './error.js';
import { requestBody, requestTarget, URL_LENGTH_MAX, type WireRequest } from './request.js';
import { requestIdOf, type Transport } from './transport.js';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /**
   * Asks for compressed bodies, which pays for large answers over slow networks and never for a
   * window of rows. Default: none.
   */
  codecs?: readonly CodecName[] | undefined;
}

/** What an answer says of itself before its first row. */
export interface AnswerFacts {
  version: string | undefined;
  completeness: 'exact' | 'sampled' | 'approximate';
  /** Rows of this answer, where known. */
  rows: number | undefined;
  /** Rows of the same request without offset and limit, where known. */
  totalRows: number | undefined;
  requestId: string | undefined;
}

/** A whole answer: a table and what it says of itself. */
export interface WholeAnswer {
  table: Table;
  facts: AnswerFacts;
  /** Size of the Arrow stream, which is what the table holds in memory. */
  bytes: number;
}

const ARROW_STREAM = 'application/vnd.apache.arrow.stream';

/**
 * A request that is sent when it is read, each time anew.
 *
 *     const table = await flights.rows({ filter: 'delay > 60', limit: 100 }).table();
 *     for await (const batch of flights.rows()) draw(batch);
 */
export class Query implements AsyncIterable<RecordBatch> {
  readonly #transport: Transport;
  readonly #request: WireRequest;

  constructor(transport: Transport, request: WireRequest) {
    this.#transport = transport;
    this.#request = request;
  }

  /** A URL of the answer, for links and downloads: `url('csv')`. */
  url(format?: string): string {
    return this.#transport.url(requestTarget(this.#request, format));
  }

  /** The whole answer as a table, columnar as it came. */
  async table(options: ReadOptions = {}): Promise<Table> {
    return (await this.read(options)).table;
  }

  /** The whole answer and its facts. */
  async read(options: ReadOptions = {}): Promise<WholeAnswer> {
    const response = await this.#send(options);
    return this.#guarded(response, options.signal, async () => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      checkArrowStream(bytes);
      const table = tableFromIPC(bytes);
      return { table, facts: factsOf(response, table.schema), bytes: bytes.length };
    });
  }

  /** The answer as it comes: resolves when the schema is there. */
  async stream(options: ReadOptions = {}): Promise<BatchStream> {
    const response = await this.#send(options);
    return this.#guarded(response, options.signal, async () => {
      if (!response.body) throw BowshotError.ofClient('bad_answer', 'the answer has no body');
      const messages = arrowMessages(chunksOf(response.body));
      const { schema, batches } = await decodeBatches(messages);
      const explain = (error: unknown) => this.#explain(error, response, options.signal);
      return new BatchStream(schema, factsOf(response, schema), batches, explain);
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    yield* await this.stream();
  }

  async #send({ signal, codecs }: ReadOptions): Promise<Response> {
    const accept =
      codecs && codecs.length > 0 ? `${ARROW_STREAM};codecs="${codecs.join(', ')}"` : ARROW_STREAM;
    const target = requestTarget(this.#request);
    const response =
      target.length <= URL_LENGTH_MAX
        ? await this.#transport.send(target, { accept, signal })
        : await this.#transport.send('/v1/query', {
            method: 'POST',
            accept,
            body: requestBody(this.#request),
            signal,
          });
    const codec = codecOf(response.headers.get('Content-Type') ?? '');
    if (codec) await registerCodec(codec);
    return response;
  }

  async #guarded<T>(response: Response, signal: AbortSignal | undefined, read: () => Promise<T>) {
    try {
      return await read();
    } catch (error) {
      throw await this.#explain(error, response, signal);
    }
  }

  /** After the first byte a broken answer cannot say why; the server is asked. */
  async #explain(error: unknown, response: Response, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) return signal.reason;
    const requestId = requestIdOf(response);
    const known = error instanceof BowshotError ? error : undefined;
    if (known && known.code !== 'incomplete_answer') return known;
    const problem = requestId && (await this.#transport.problemOf(requestId, signal));
    if (problem) return problem;
    const detail = known?.detail ?? 'the connection was lost while the answer came';
    return BowshotError.ofClient('incomplete_answer', detail, { requestId, cause: error });
  }
}

/** Record batches as they come. Leaving the loop, or an abort, cancels the request at the server. */
export class BatchStream implements AsyncIterable<RecordBatch> {
  readonly #batches: AsyncIterable<RecordBatch>;
  readonly #explain: (error: unknown) => Promise<unknown>;

  constructor(
    readonly schema: Schema,
    readonly facts: AnswerFacts,
    batches: AsyncIterable<RecordBatch>,
    explain: (error: unknown) => Promise<unknown>,
  ) {
    this.#batches = batches;
    this.#explain = explain;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    try {
      yield* this.#batches;
    } catch (error) {
      throw await this.#explain(error);
    }
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function factsOf(response: Response, schema: Schema): AnswerFacts {
  const fact = (key: string, header: string) =>
    schema.metadata.get(key) ?? response.headers.get(header) ?? undefined;
  const completeness = fact('bowshot.completeness', 'Bowshot-Completeness');
  return {
    version: fact('bowshot.version', 'Bowshot-Version'),
    completeness:
      completeness === 'sampled' || completeness === 'approximate' ? completeness : 'exact',
    rows: count(fact('bowshot.rows', 'Bowshot-Rows')),
    totalRows: count(fact('bowshot.total_rows', 'Bowshot-Total-Rows')),
    requestId: requestIdOf(response),
  };
}

function count(text: string | undefined): number | undefined {
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
