import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation } from "react-router";

import { meQuery } from "../api/queries";
import { ClientProvider } from "../live/ClientProvider";
import { Failure, Waiting } from "../ui/states";
import { UserContext } from "./user";

/** Everything below is for somebody who is signed in; when they no longer are, it gives way to the sign-in page. */
export function RequireUser() {
  const me = useQuery(meQuery);
  const location = useLocation();
  if (me.isPending) return <Waiting />;
  if (me.isError && me.data === undefined) return <Failure error={me.error} retry={me.refetch} />;
  if (!me.data) return <Navigate to="/sign-in" replace state={{ from: location.pathname + location.search }} />;
  return (
    <UserContext value={me.data}>
      <ClientProvider key={me.data.id}>
        <Outlet />
      </ClientProvider>
    </UserContext>
  );
}
