import type { StudybeatClient } from "@studybeat/sdk";
import { browserClient } from "@studybeat/sdk/browser";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";

import { meQuery } from "../api/queries";
import { useUser } from "../auth/user";
import { ClientContext } from "./client";

let client: StudybeatClient | null = null;

/** One client watches the page, for as long as the page lives. */
function pageClient(): StudybeatClient {
  client ??= browserClient();
  return client;
}

const CREDENTIALS_ENDED = 4503;
const signedOutCodes: (number | null)[] = [4500, CREDENTIALS_ENDED];

/** Keeps the page's client connected as the user who is signed in, and nobody else. */
export function ClientProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const user = useUser();
  const live = pageClient();

  useEffect(() => {
    const { user: known } = live.connection.get();
    if (known !== null && known.id !== user.id) live.stop();
    live.start();
    return live.connection.subscribe(() => {
      const { status, code, user: connected } = live.connection.get();
      if (status === "stopped" && signedOutCodes.includes(code)) {
        void queries.invalidateQueries({ queryKey: meQuery.queryKey }).then(() => {
          // What it was signed in with has ended, and the browser has another: of a new password, or a sign-in elsewhere.
          const isStillHere = queries.getQueryData(meQuery.queryKey)?.id === user.id;
          if (code === CREDENTIALS_ENDED && isStillHere) live.start();
        });
      }
      // Somebody else signed in, in another tab: this whole page is theirs now.
      if (status === "online" && connected !== null && connected.id !== user.id) location.reload();
    });
  }, [live, queries, user.id]);

  return <ClientContext value={live}>{children}</ClientContext>;
}
