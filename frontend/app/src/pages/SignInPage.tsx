import { Alert, Button, Card, Center, Group, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { Navigate, useLocation } from "react-router";

import { ApiError, post } from "../api/http";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { Logo } from "../ui/icons";
import { useTitle } from "../ui/title";
import classes from "./signIn.module.css";

/** The path this page was reached from, if it was not asked for itself. */
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

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  const fields = signIn.error instanceof ApiError ? signIn.error.fields : {};

  return (
    <Center component="main" p="md" className={classes.page}>
      <svg className={classes.backdrop} viewBox="0 0 1200 400" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 210h260l36-90 62 200 46-140 28 30h330l30-70 54 150 40-110 24 30h290" vectorEffect="non-scaling-stroke" />
      </svg>
      <Stack gap="lg" className={classes.form}>
        <Group gap="sm" justify="center">
          <Logo size={40} />
          <Text fz={28} fw={700} component="span">
            Studybeat
          </Text>
        </Group>
        <Card p="xl" shadow="sm">
          <form onSubmit={submit}>
            <Stack>
              <div>
                <Title order={1} size="h3">
                  Sign in
                </Title>
                <Text c="dimmed" size="sm">
                  {from === "/" ? "Your courses, and where your time goes." : "Sign in to go on where you were."}
                </Text>
              </div>
              {signIn.error && Object.keys(fields).length === 0 && (
                <Alert color="red" role="alert" py="xs">
                  {signIn.error.message}
                </Alert>
              )}
              <TextInput
                label="User name"
                name="username"
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                required
                withAsterisk={false}
                size="md"
                value={username}
                error={fields.username?.[0]}
                onChange={(event) => {
                  setUsername(event.currentTarget.value);
                }}
              />
              <PasswordInput
                label="Password"
                name="password"
                autoComplete="current-password"
                required
                withAsterisk={false}
                size="md"
                value={password}
                error={fields.password?.[0]}
                onChange={(event) => {
                  setPassword(event.currentTarget.value);
                }}
              />
              <Button type="submit" size="md" fullWidth loading={signIn.isPending}>
                Sign in
              </Button>
            </Stack>
          </form>
        </Card>
      </Stack>
    </Center>
  );
}
