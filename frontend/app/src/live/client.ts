import type { Readable, StudybeatClient } from "@studybeat/sdk";
import { createContext, useContext, useSyncExternalStore } from "react";

/** What the app uses of the SDK's client. */
export type LiveClient = Pick<
  StudybeatClient,
  | "caughtUp"
  | "clearHelp"
  | "complete"
  | "connection"
  | "consumed"
  | "help"
  | "keeping"
  | "news"
  | "nudge"
  | "open"
  | "progress"
  | "raiseHelp"
  | "see"
  | "serverNow"
  | "start"
  | "stop"
  | "watch"
>;

export const ClientContext = createContext<LiveClient | null>(null);

/** The one client of the page, for who is signed in; only below ClientProvider. */
export function useClient(): LiveClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useClient is for what stands below ClientProvider");
  return client;
}

/** The value of an SDK store, kept up to date. */
export function useStore<T extends object>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
