import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type RenderResult, render } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { vi } from "vitest";

import { createQueryClient } from "../src/api/queryClient";
import { ClientContext, type LiveClient } from "../src/live/client";
import { theme } from "../src/theme";

/** Renders as `main.tsx` does, in StrictMode, but with this client. */
export function show(page: ReactNode, client: LiveClient): RenderResult {
  const queries = createQueryClient();
  return render(
    <StrictMode>
      <MantineProvider theme={theme} env="test">
        <QueryClientProvider client={queries}>
          <ClientContext value={client}>{page}</ClientContext>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

export interface Call {
  method: string;
  path: string;
  body: unknown;
}

export interface Answer {
  status?: number;
  body: unknown;
}

/** Plays the REST API: answers by path below `/api/v1/`; anything else is not found. Keeps what was sent, in order. */
export function serve(answers: Record<string, Answer>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", (url: string, { method = "GET", body: sent }: RequestInit = {}) => {
    const path = url.replace("/api/v1/", "");
    if (method !== "GET") calls.push({ method, path, body: typeof sent === "string" ? JSON.parse(sent) : sent });
    const found = answers[path];
    const status = found ? (found.status ?? 200) : 404;
    if (status === 204) return Promise.resolve(new Response(null, { status }));
    const body = found?.body ?? { code: "not_found", detail: "There is nothing here, or it is not yours." };
    return Promise.resolve(Response.json(body, { status }));
  });
  return calls;
}

/** What `serve` kept, as lines: `POST path/ {"json":1}`, and of an empty body nothing. */
export function told(calls: Call[]): () => string[] {
  return () =>
    calls.map(({ method, path, body }) => {
      const sent = body === undefined || JSON.stringify(body) === "{}" ? undefined : JSON.stringify(body);
      return [method, path, sent].filter(Boolean).join(" ");
    });
}
