/** JSON over `fetch`, with the session cookie and its CSRF token. Every failure is an ApiError. */

const root = "/api/v1/";

interface Problem {
  code?: string;
  detail?: string;
  fields?: Record<string, string[]>;
}

/** What the server refused, in its own words; `status` 0 when it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string[]>;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? "Something went wrong on the server.");
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.fields = problem.fields ?? {};
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
  if (method !== "GET") {
    if (!(body instanceof FormData)) headers["Content-Type"] = "application/json";
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
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
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
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>("POST", path, body);
/** A file goes as FormData. */
export const patch = <T>(path: string, body: unknown): Promise<T> => request<T>("PATCH", path, body);
export const remove = (path: string, body?: unknown): Promise<unknown> => request("DELETE", path, body);
