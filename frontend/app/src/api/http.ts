/** JSON over `fetch`, with the session cookie and its CSRF token. Every failure is an ApiError. */

const root = "/api/v1/";

/** What a link to a file of the API leads to: `path` as for `get`. */
export const fileAddress = (path: string): string => root + path;

/** One line of a list of learners that can't be, and why. */
export interface LineProblem {
  line: number;
  learner: string;
  detail: string;
}

interface Problem {
  code?: string;
  detail?: string;
  fields?: Record<string, string[]>;
  lines?: LineProblem[];
}

/** What the server refused, in its own words; `status` 0 when it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string[]>;
  readonly lines: LineProblem[];

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? "Something went wrong on the server.");
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.fields = problem.fields ?? {};
    this.lines = problem.lines ?? [];
  }

  get signedOut(): boolean {
    return this.status === 401;
  }
}

function csrfToken(): string {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

async function read(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const isForm = body instanceof FormData;
  if (method !== "GET") {
    // A form's own type names its boundary, which the browser chooses.
    if (!isForm) headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = csrfToken();
  }
  // Of a whole address the path alone counts: a proxy may have changed what the server takes for its origin.
  const { pathname, search } = new URL(path, new URL(root, location.origin));
  let response: Response;
  try {
    response = await fetch(pathname + search, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, { code: "unreachable", detail: "The server cannot be reached. Are you online?" });
  }
  const answer = await read(response);
  if (!response.ok) throw new ApiError(response.status, answer ?? {});
  return answer as T;
}

/** GET `path`, relative to `/api/v1/` (or a page's whole `next` address). */
export const get = <T>(path: string): Promise<T> => request<T>("GET", path);
/** `body`: JSON, or a form that goes as it is. */
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>("POST", path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => request<T>("PATCH", path, body);
export const remove = <T>(path: string, body?: unknown): Promise<T> => request<T>("DELETE", path, body);
