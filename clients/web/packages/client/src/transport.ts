import { BowshotError, isTemporary, parseProblem } from './error.js';

/** How requests leave: one per connected client. */
export interface TransportOptions {
  /** `http://127.0.0.1:8765`, or a path below the page's own origin; no trailing slash needed. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer`. */
  token?: string | undefined;
  fetch?: typeof globalThis.fetch | undefined;
  /** Attempts after the first, and only as long as no byte of an answer has come. Default 2. */
  retries?: number | undefined;
}

export interface SendOptions {
  method?: 'GET' | 'POST';
  accept: string;
  body?: string;
  signal?: AbortSignal | undefined;
  /** In place of those of `TransportOptions`. */
  retries?: number | undefined;
}

const RETRY_DELAY_MS = 150;
const RETRY_DELAY_MAX_MS = 5_000;

/** Sends requests, turns every failure into a BowshotError, and retries what may be retried. */
export class Transport {
  readonly #baseUrl: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof globalThis.fetch;
  readonly #retries: number;

  constructor(options: TransportOptions) {
    this.#baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.#token = options.token;
    // Browsers refuse a fetch that is called as the method of another object.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#retries = options.retries ?? 2;
  }

  url(target: string): string {
    return this.#baseUrl + target;
  }

  /** The answer to a request that succeeded: its status is 2xx. Its body is not read yet. */
  async send(target: string, options: SendOptions): Promise<Response> {
    for (let attempt = 0; ; ++attempt) {
      try {
        return await this.#sendOnce(target, options);
      } catch (error) {
        const mayRetry = error instanceof BowshotError && isTemporary(error);
        if (!mayRetry || attempt >= (options.retries ?? this.#retries)) throw error;
        await pause(retryDelay(error, attempt), options.signal);
      }
    }
  }

  async json(
    target: string,
    { signal, retries }: Pick<SendOptions, 'signal' | 'retries'> = {},
  ): Promise<unknown> {
    const response = await this.send(target, { accept: 'application/json', signal, retries });
    try {
      return await response.json();
    } catch (error) {
      signal?.throwIfAborted();
      throw BowshotError.ofClient('bad_answer', 'the answer is not JSON', {
        requestId: requestIdOf(response),
        cause: error,
      });
    }
  }

  /** What became of a request; undefined when the server cannot tell (any more). */
  async problemOf(requestId: string, signal?: AbortSignal): Promise<BowshotError | undefined> {
    try {
      const target = `/v1/requests/${encodeURIComponent(requestId)}`;
      const state = await this.json(target, { signal });
      const problem =
        typeof state === 'object' && state !== null && 'problem' in state
          ? parseProblem(state.problem)
          : undefined;
      return problem && new BowshotError(problem, { requestId });
    } catch {
      // The error at hand is the answer's early end; that this question failed too adds nothing.
      return undefined;
    }
  }

  async #sendOnce(target: string, { method, accept, body, signal }: SendOptions) {
    const headers: Record<string, string> = { Accept: accept };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (this.#token !== undefined) headers['Authorization'] = `Bearer ${this.#token}`;
    let response: Response;
    try {
      response = await this.#fetch(this.url(target), {
        method: method ?? 'GET',
        headers,
        body: body ?? null,
        signal: signal ?? null,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw BowshotError.ofClient('network', `${this.#baseUrl || 'the server'} did not answer`, {
        cause: error,
      });
    }
    if (!response.ok) throw await errorOf(response, signal);
    return response;
  }
}

export function requestIdOf(response: Response): string | undefined {
  return response.headers.get('Bowshot-Request') ?? undefined;
}

async function errorOf(response: Response, signal?: AbortSignal): Promise<BowshotError> {
  const requestId = requestIdOf(response);
  const problem = parseProblem(await response.json().catch(() => undefined));
  signal?.throwIfAborted();
  if (problem) {
    return new BowshotError(
      { ...problem, status: response.status },
      { requestId, retryAfterMs: retryAfterMs(response) },
    );
  }
  return new BowshotError(
    {
      code: 'bad_answer',
      title: 'The answer is not what the protocol says',
      status: response.status,
      detail: `status ${response.status} without a problem document`,
    },
    { requestId, retryAfterMs: retryAfterMs(response) },
  );
}

function retryDelay(error: BowshotError, attempt: number): number {
  const backoff = RETRY_DELAY_MS * 4 ** attempt * (0.75 + Math.random() / 2);
  return Math.min(Math.max(error.retryAfterMs ?? 0, backoff), RETRY_DELAY_MAX_MS);
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
