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

export interface Answer {
  status?: number;
  body: unknown;
}

/**
 * Plays the REST API: answers by path below `/api/v1/`; anything else is not found. What it gives tells what was
 * asked: `POST path/ {"json":1}`, and of an empty body nothing.
 */
export function serve(answers: Record<string, Answer>): () => string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string, { method, body: sent }: RequestInit = {}) => {
    const path = url.replace("/api/v1/", "");
    asked.push([method, path, typeof sent === "string" && sent !== "{}" ? sent : ""].filter(Boolean).join(" "));
    const found = answers[path];
    const body = found?.body ?? { code: "not_found", detail: "There is nothing here, or it is not yours." };
    return Promise.resolve(Response.json(body, { status: found ? (found.status ?? 200) : 404 }));
  });
  return () => asked;
}
