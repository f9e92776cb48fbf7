import { Table, tableFromIPC, type RecordBatch, type Schema } from 'apache-arrow';

import { decodeBatches } from './arrow-decoder.js';
import { arrowMessages, checkArrowStream } from './arrow-frames.js';
import { codecOf, registerCodec, type CodecName } from './codecs.js';
import { BowshotError } from './error.js';
import {
  requestBody,
  requestTarget,
  URL_LENGTH_MAX,
  type AnswerForm,
  type Format,
  type WireRequest,
} from './request.js';
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
  /** Of a sample: the rows that it was drawn from. */
  population: number | undefined;
  requestId: string | undefined;
}

/** A whole answer: a table and what it says of itself. */
export interface WholeAnswer {
  table: Table;
  facts: AnswerFacts;
  /** Size of the Arrow stream, which is what the table holds in memory. */
  bytes: number;
}

/** Where `Query.save` writes: a browser's `FileSystemWritableFileStream` is one. */
export interface ByteSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(reason: unknown): Promise<void>;
}

export interface SaveProgress {
  bytes: number;
  /** Where the server knows the length before it has written everything. */
  bytesTotal: number | undefined;
  /** Rows of the whole answer, where known. */
  rows: number | undefined;
}

export interface SaveOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: SaveProgress) => void) | undefined;
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

  /** The request as the wire has it, to show it elsewhere; see `codeSample`. */
  get request(): WireRequest {
    return this.#request;
  }

  /** A URL of the answer, for links: `url({ format: 'csv', fileName: 'late.csv' })`. */
  url(form?: AnswerForm): string {
    return this.#transport.url(requestTarget(this.#request, form));
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

  /**
   * Writes the whole answer into a file, or whatever `sink` stands for. An answer that ends early, and
   * an abort, abort the sink: what was written must not be taken for the whole.
   *
   *     const sink = await (await showSaveFilePicker()).createWritable();
   *     await flights.rows({ filter }).save('parquet', sink, { onProgress: ({ bytes }) => show(bytes) });
   */
  async save(format: Format, sink: ByteSink, options: SaveOptions = {}): Promise<SaveProgress> {
    const { signal, onProgress } = options;
    let progress: SaveProgress = { bytes: 0, bytesTotal: undefined, rows: undefined };
    try {
      const response = await this.#sendAs({ format }, '*/*', signal);
      const length = response.headers.get('Content-Length');
      progress.bytesTotal = response.headers.has('Content-Encoding') ? undefined : count(length);
      progress.rows = count(response.headers.get('Bowshot-Rows'));
      await this.#guarded(response, signal, async () => {
        if (!response.body) throw BowshotError.ofClient('bad_answer', 'the answer has no body');
        for await (const chunk of chunksOf(response.body)) {
          await sink.write(chunk);
          progress = { ...progress, bytes: progress.bytes + chunk.length };
          onProgress?.(progress);
        }
        signal?.throwIfAborted();
      });
      await sink.close();
      return progress;
    } catch (error) {
      await sink.abort(error).catch(() => undefined);
      throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    yield* await this.stream();
  }

  async #send({ signal, codecs }: ReadOptions): Promise<Response> {
    const accept =
      codecs && codecs.length > 0 ? `${ARROW_STREAM};codecs="${codecs.join(', ')}"` : ARROW_STREAM;
    const response = await this.#sendAs({}, accept, signal);
    const codec = codecOf(response.headers.get('Content-Type') ?? '');
    if (codec) await registerCodec(codec);
    return response;
  }

  #sendAs(form: AnswerForm, accept: string, signal: AbortSignal | undefined): Promise<Response> {
    const target = requestTarget(this.#request, form);
    if (target.length <= URL_LENGTH_MAX) return this.#transport.send(target, { accept, signal });
    const body = requestBody(this.#request, form);
    return this.#transport.send('/v1/query', { method: 'POST', accept, body, signal });
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

async function* chunksOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
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
    population: count(schema.metadata.get('bowshot.population')),
    requestId: requestIdOf(response),
  };
}

function count(text: string | null | undefined): number | undefined {
  const value = text === undefined || text === null || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
