import { QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "./http";
import { meQuery } from "./queries";

/** Asks again only when the server could not be reached or failed; an answer of 401 anywhere means: nobody is signed in. */
export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiError && error.signedOut) client.setQueryData(meQuery.queryKey, null);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      },
    },
  });
  return client;
}
