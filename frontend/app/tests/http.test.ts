import { expect, test, vi } from "vitest";

import { ApiError, get, post } from "../src/api/http";

function answer(status: number, body: unknown) {
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(Response.json(body, { status })));
  vi.stubGlobal("fetch", fetch);
  return fetch;
}

test("a post carries the CSRF token of the cookie, and JSON", async () => {
  document.cookie = "csrftoken=s3cret";
  const fetch = answer(200, { id: 1 });
  await expect(post("login/", { username: "ana" })).resolves.toEqual({ id: 1 });
  const [url, init] = fetch.mock.calls[0] ?? [];
  expect(url).toBe("/api/v1/login/");
  expect(init?.body).toBe('{"username":"ana"}');
  expect(init?.headers).toMatchObject({ "X-CSRFToken": "s3cret", "Content-Type": "application/json" });
});

test("a get carries no CSRF token, and follows a next address on this site", async () => {
  const fetch = answer(200, {});
  await get("http://behind-a-proxy/api/v1/courses/?page=2");
  const [url, init] = fetch.mock.calls[0] ?? [];
  expect(url).toBe("/api/v1/courses/?page=2");
  expect(init?.headers).not.toHaveProperty("X-CSRFToken");
});

test("an answer without a body is null", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 204 })));
  await expect(post("logout/")).resolves.toBeNull();
});

test("a refusal keeps the server's code, sentence and fields", async () => {
  answer(400, { code: "invalid", detail: "Look again.", fields: { username: ["Too long."] } });
  const error = await post("login/").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    status: 400,
    code: "invalid",
    message: "Look again.",
    fields: { username: ["Too long."] },
    signedOut: false,
  });
});

test("a broken answer and a dead network are errors with a sentence too", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<h1>Bad gateway</h1>", { status: 502 })));
  await expect(get("me/")).rejects.toMatchObject({ status: 502, code: "unknown" });
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(get("me/")).rejects.toMatchObject({ status: 0, code: "unreachable" });
});
