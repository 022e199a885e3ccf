import { Anchor } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Navigate, useLocation } from "react-router";

import { post } from "../api/http";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { PasswordField, UserNameField } from "../ui/fields";
import { useTitle } from "../ui/title";
import { fieldsOf, Form, FormPage } from "./FormPage";

/** The path and query that this page was reached from, if it was not asked for itself. */
function cameFrom(state: unknown): string {
  const from = (state as { from?: unknown } | null)?.from;
  return typeof from === "string" && from.startsWith("/") ? from : "/";
}

export function SignInPage() {
  useTitle("Sign in");
  const from = cameFrom(useLocation().state);
  const queries = useQueryClient();
  const me = useQuery(meQuery);
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => post<Me>("login/", { username, password }),
    onSuccess: (user) => {
      queries.clear();
      queries.setQueryData(meQuery.queryKey, user);
    },
    onError: () => {
      setPassword("");
    },
  });
  if (me.data) return <Navigate to={from} replace />;

  const fields = fieldsOf(signIn.error);
  return (
    <FormPage
      title="Sign in"
      lead={from === "/" ? "Your courses, and where your time goes." : "Sign in to go on where you were."}
      error={signIn.error}
      fields={["username", "password"]}
      below={
        <>
          <Anchor component={Link} to="/register">
            Make an account
          </Anchor>
          <Anchor component={Link} to="/forgot-password">
            Forgot your password?
          </Anchor>
        </>
      }
    >
      <Form send={signIn.mutate} pending={signIn.isPending} submit="Sign in">
        <UserNameField value={username} change={setUsername} error={fields.username?.[0]} />
        <PasswordField value={password} change={setPassword} error={fields.password?.[0]} />
      </Form>
    </FormPage>
  );
}
