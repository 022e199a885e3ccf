import { useMutation, useQueryClient } from "@tanstack/react-query";

import { post } from "../api/http";
import { useClient, useStore } from "../live/client";
import { reread } from "../seats/moves";

interface Asking {
  /** False while the server can't be told. */
  canAsk: boolean;
  /** Told, and not answered yet. */
  isAsked: boolean;
  /** Why not, in the server's words. */
  refusal: string | null;
  ask: () => void;
}

/** The learner's word that this content is done: over the connection, or where none comes about, over HTTP. */
export function useComplete(course: string, content: number): Asking {
  const client = useClient();
  const queries = useQueryClient();
  const { status } = useStore(client.connection);
  const answer = useStore(client.progress).asked[content];
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => post(`contents/${content}/complete/`),
    onSuccess: () => reread(queries, course),
  });
  if (status === "http") {
    return { canAsk: true, isAsked: isPending, refusal: error?.message ?? null, ask: mutate };
  }
  return {
    canAsk: status === "online",
    isAsked: answer === null,
    refusal: answer?.message ?? null,
    ask: () => {
      client.complete(content);
    },
  };
}
