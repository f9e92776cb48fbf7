/** What a server's problem document (RFC 9457) says; `protocol/PROTOCOL.md`, section 7. */
export interface Problem {
  code: string;
  title: string;
  status: number;
  detail: string;
  parameter?: string;
  /** 0-based byte offset in the UTF-8 text of the parameter; see `stringIndex`. */
  position?: number;
  pointer?: string;
  suggestions?: string[];
}

interface Circumstances {
  requestId?: string | undefined;
  /** From `Retry-After`. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/**
 * Codes that only the client gives: the server was not reached, an answer ended before its end, and
 * an answer that is not what the protocol says.
 */
export type ClientErrorCode = 'network' | 'incomplete_answer' | 'bad_answer';

const RETRYABLE_CODES = new Set<string>([
  'network',
  'incomplete_answer',
  'overloaded',
  'not_ready',
  'deadline_exceeded',
  'head_too_slow',
]);

/** Every failure of a request, but for an abort: that is the signal's own reason. */
export class BowshotError extends Error {
  override readonly name = 'BowshotError';
  readonly code: string;
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly parameter: string | undefined;
  readonly position: number | undefined;
  readonly pointer: string | undefined;
  readonly suggestions: readonly string[];
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(problem: Problem, { requestId, retryAfterMs, cause }: Circumstances = {}) {
    super(`${problem.code}: ${problem.detail || problem.title}`, { cause });
    this.code = problem.code;
    this.status = problem.status;
    this.title = problem.title;
    this.detail = problem.detail;
    this.parameter = problem.parameter;
    this.position = problem.position;
    this.pointer = problem.pointer;
    this.suggestions = problem.suggestions ?? [];
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed later. A 5xx without a code of ours came from a proxy. */
  get retryable(): boolean {
    return RETRYABLE_CODES.has(this.code) || (this.code === 'bad_answer' && this.status >= 500);
  }

  /** What was thrown, as one of these: anything else is an answer that could not be read. */
  static of(error: unknown): BowshotError {
    if (error instanceof BowshotError) return error;
    const detail = error instanceof Error ? error.message : String(error);
    return BowshotError.ofClient('bad_answer', detail, { cause: error });
  }

  static ofClient(code: ClientErrorCode, detail: string, circumstances: Circumstances = {}) {
    const titles: Record<ClientErrorCode, string> = {
      network: 'The server cannot be reached',
      incomplete_answer: 'The answer ended before it was complete',
      bad_answer: 'The answer is not what the protocol says',
    };
    return new BowshotError({ code, title: titles[code], status: 0, detail }, circumstances);
  }
}

/** Whether a server is busy, away or not ready yet: asking again costs it little, and may succeed. */
export function isTemporary({ code }: BowshotError): boolean {
  return code === 'network' || code === 'overloaded' || code === 'not_ready';
}

/** Reads a problem document; undefined when `body` is not one. */
export function parseProblem(body: unknown): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const fields = body as Record<string, unknown>;
  if (typeof fields['code'] !== 'string') return undefined;
  const problem: Problem = {
    code: fields['code'],
    title: text(fields['title']),
    status: typeof fields['status'] === 'number' ? fields['status'] : 0,
    detail: text(fields['detail']),
  };
  if (typeof fields['parameter'] === 'string') problem.parameter = fields['parameter'];
  if (typeof fields['position'] === 'number') problem.position = fields['position'];
  if (typeof fields['pointer'] === 'string') problem.pointer = fields['pointer'];
  if (Array.isArray(fields['suggestions'])) {
    problem.suggestions = fields['suggestions'].filter((item) => typeof item === 'string');
  }
  return problem;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
