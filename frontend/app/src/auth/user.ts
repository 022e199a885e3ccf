import { createContext, useContext } from "react";

import type { Me } from "../api/types";

export const UserContext = createContext<Me | null>(null);

/** Who is signed in; only below RequireUser. */
export function useUser(): Me {
  const user = useContext(UserContext);
  if (!user) throw new Error("useUser is for what stands below RequireUser");
  return user;
}

export function displayName(user: Me): string {
  return `${user.first_name} ${user.last_name}`.trim() || user.username;
}
