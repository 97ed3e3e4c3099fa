/** Requests to the server: one base path, one form of errors. */

const meta = document.querySelector<HTMLMetaElement>('meta[name="base-path"]');
export const BASE = meta?.content ?? "";

export interface ErrorLocation {
  file: string;
  line: number;
  column: number;
}

/** What the server answers instead of a result: a sentence, what to do next, and where. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = "",
    readonly location: ErrorLocation | null = null,
    readonly details: Record<string, unknown> | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  /** Sent as they are, instead of `body`. */
  bytes?: BodyInit;
  contentType?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** A path of the API as an address of this server; values in it are to be encoded with `segment`. */
export function apiUrl(path: string, query?: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) for (const one of value as readonly string[]) search.append(key, one);
    else search.set(key, String(value));
  }
  const text = search.toString();
  return `${BASE}${path.startsWith("/api") ? path : `/api${path}`}${text ? `?${text}` : ""}`;
}

/** A value as one segment of a path, `/` included. */
export function segment(value: string): string {
  return encodeURIComponent(value);
}

export function socketUrl(path: string, query?: Query): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}${apiUrl(path, query)}`;
}

/** A request that is no GET, as it ended: with the server's answer, or with why it was refused. */
export interface Write {
  method: string;
  path: string;
  body?: unknown;
  query?: Query;
  answer?: unknown;
  error?: ApiError;
}

const hearers = new Set<(write: Write) => void>();

/** Calls `hear` after each request that is no GET; call the answer to end that. */
export function onWrite(hear: (write: Write) => void): () => void {
  hearers.add(hear);
  return () => void hearers.delete(hear);
}

export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  if (method !== "GET") headers["X-Penstock"] = "1";
  let body = options.bytes;
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.body);
  } else if (options.contentType) headers["Content-Type"] = options.contentType;
  let response: Response;
  try {
    response = await fetch(apiUrl(path, options.query), { method, headers, body, signal: options.signal, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The server does not answer.", "Is `penstock start` still running? The page reconnects by itself.");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: Omit<ApiError, "status"> };
    return new ApiError(response.status, error.code, error.message, error.hint, error.location, error.details);
  } catch {
    return new ApiError(response.status, `H${response.status}`, `The server answered with status ${response.status}.`);
  }
}

async function json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const { body, query } = options;
  const tell = (end: Pick<Write, "answer" | "error">) => method !== "GET" && hearers.forEach((hear) => hear({ method, path, body, query, ...end }));
  try {
    const response = await send(method, path, options);
    const answer: unknown = response.status === 204 ? undefined : await response.json();
    tell({ answer });
    return answer as T;
  } catch (error) {
    if (error instanceof ApiError) tell({ error });
    throw error;
  }
}

export const api = {
  get: <T>(path: string, options?: RequestOptions) => json<T>("GET", path, options),
  post: <T>(path: string, options?: RequestOptions) => json<T>("POST", path, options),
  put: <T>(path: string, options?: RequestOptions) => json<T>("PUT", path, options),
  patch: <T>(path: string, options?: RequestOptions) => json<T>("PATCH", path, options),
  del: <T>(path: string, options?: RequestOptions) => json<T>("DELETE", path, options),
};
