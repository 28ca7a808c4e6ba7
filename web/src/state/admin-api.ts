import { CallFailure } from '../engine/client';

const TIMEOUT_MS = 30_000;

/** A part of a query: what is null or empty is left out. */
export type Query = Record<string, string | number | null | undefined>;

/**
 * Calls to the relay's administration. They go straight from the page: nothing in them is encrypted or secret to the
 * relay, and the session's cookie says who asks.
 */
export class AdminApi {
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#fetch = fetcher;
  }

  /** @throws {CallFailure} what the relay refused, or `offline` without an answer. */
  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#call<T>('GET', withQuery(path, query), null);
  }

  /** @throws {CallFailure} what the relay refused, or `offline` without an answer. */
  post<T = unknown>(path: string, body: object = {}): Promise<T> {
    return this.#call<T>('POST', path, JSON.stringify(body));
  }

  /** Where a download of the same query is. */
  url(path: string, query: Query = {}): string {
    return `/api/v1/admin/${withQuery(path, query)}`;
  }

  async #call<T>(method: 'GET' | 'POST', path: string, body: string | null): Promise<T> {
    const headers: Record<string, string> = { 'Waxwing-Client': '1' };
    if (body !== null) headers['Content-Type'] = 'application/json';
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(`/api/v1/admin/${path}`, {
        method,
        headers,
        body,
        mode: 'same-origin',
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      throw new CallFailure({ code: 'offline', message: '' });
    }
    const value = parse(text);
    if (response.ok && value !== undefined) return value as T;
    throw refusal(value);
  }
}

function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The JSON of an answer; an empty one is an empty object, anything else that is no JSON is undefined. */
function parse(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The problem document of a refusal. A proxy in between may have answered something else. */
function refusal(value: unknown): CallFailure {
  const problem = (value ?? {}) as { code?: unknown; detail?: unknown; retry_after_s?: unknown };
  if (typeof problem.code !== 'string') return new CallFailure({ code: 'unavailable', message: '' });
  return new CallFailure({
    code: problem.code,
    message: typeof problem.detail === 'string' ? problem.detail : '',
    retryAfterS: typeof problem.retry_after_s === 'number' ? problem.retry_after_s : null,
  });
}
