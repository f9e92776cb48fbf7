import { readFileSync } from 'node:fs';

/** A recorded Arrow answer of `fixtures/`. */
export function recorded(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/${name}.arrows`, import.meta.url)));
}

export interface FakeAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** Chunks; an error in place of a chunk breaks the connection there. */
  body: string | readonly (Uint8Array | Error)[];
}

export interface FakeServer {
  fetch: typeof globalThis.fetch;
  requests: { method: string; url: string; headers: Headers; body: string | undefined }[];
}

/** A `fetch` that gives prepared answers in turn; the last one again and again. */
export function fakeServer(...answers: (FakeAnswer | Error)[]): FakeServer {
  const requests: FakeServer['requests'] = [];
  const fetch = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    requests.push({
      method: init.method ?? 'GET',
      url: input as string,
      headers: new Headers(init.headers),
      body: (init.body as string | null) ?? undefined,
    });
    init.signal?.throwIfAborted();
    const answer = answers[Math.min(requests.length, answers.length) - 1]!;
    if (answer instanceof Error) return Promise.reject(answer);
    const { status = 200, headers = {}, body } = answer;
    const stream = typeof body === 'string' ? body : streamOf(body);
    return Promise.resolve(new Response(stream, { status, headers }));
  };
  return { fetch, requests };
}

export function arrowAnswer(
  body: readonly (Uint8Array | Error)[],
  headers: Record<string, string> = {},
): FakeAnswer {
  return {
    headers: { 'Content-Type': 'application/vnd.apache.arrow.stream', ...headers },
    body,
  };
}

export function problemAnswer(status: number, problem: Record<string, unknown>): FakeAnswer {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Bowshot-Request': 'r-7' },
    body: JSON.stringify({ type: 'about:blank', title: 'A title', detail: '', status, ...problem }),
  };
}

export function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

function streamOf(chunks: readonly (Uint8Array | Error)[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else controller.enqueue(chunk);
    },
  });
}
