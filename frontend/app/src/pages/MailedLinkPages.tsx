/** What mailed links open, and the page that asks for one. What follows the # is the link's secret. */

import { Anchor, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "react-router";

import { post } from "../api/http";
import { meQuery } from "../api/queries";
import { EmailField, PasswordField } from "../ui/fields";
import { useTitle } from "../ui/title";
import { fieldsOf, Form, FormPage } from "./FormPage";

/** The secret as it was when the page opened; then it leaves the address bar and the history. */
function useSecret(): string {
  const [secret] = useState(() => location.hash.slice(1));
  useEffect(() => {
    history.replaceState(history.state, "", location.pathname);
  }, []);
  return secret;
}

const toStart = (
  <Anchor component={Link} to="/">
    To your courses
  </Anchor>
);

/** The secret is gone when the page is loaded again, and was never there where a mail program cut the link. */
function NoSecret({ below }: { below: ReactNode }) {
  return <FormPage title="This link is not whole" lead="Open it from the mail once more, or ask for a new one." below={below} />;
}

/** Asks before it confirms: programs that look into mails open links too. */
export function VerifyEmailPage() {
  useTitle("Confirm your address");
  const token = useSecret();
  const queries = useQueryClient();
  const verify = useMutation({
    mutationFn: () => post("verify-email/", { token }),
    onSuccess: () => queries.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
  if (!token) return <NoSecret below={toStart} />;
  if (verify.isSuccess) return <FormPage title="Thank you" lead="Your e-mail address is confirmed." below={toStart} />;
  return (
    <FormPage title="Confirm your address" error={verify.error} below={toStart}>
      <Form send={verify.mutate} pending={verify.isPending} submit="This is my address">
        <Text size="sm">You came here by a link that we mailed. Was it for you?</Text>
      </Form>
    </FormPage>
  );
}

export function ForgotPasswordPage() {
  useTitle("A new password");
  const [email, setEmail] = useState("");
  const ask = useMutation({ mutationFn: () => post("password/reset/", { email }) });
  const below = (
    <Anchor component={Link} to="/sign-in">
      Back to sign in
    </Anchor>
  );
  if (ask.isSuccess) {
    const lead = `If there is an account with ${email}, a link to a new password is on its way there.`;
    return <FormPage title="Look into your mail" lead={lead} below={below} />;
  }
  return (
    <FormPage title="A new password" lead="We mail you a link to set one." error={ask.error} fields={["email"]} below={below}>
      <Form send={ask.mutate} pending={ask.isPending} submit="Mail me a link">
        <EmailField value={email} change={setEmail} error={fieldsOf(ask.error).email?.[0]} />
      </Form>
    </FormPage>
  );
}

export function ResetPasswordPage() {
  useTitle("A new password");
  const token = useSecret();
  const [password, setPassword] = useState("");
  const reset = useMutation({ mutationFn: () => post("password/reset/confirm/", { token, password }) });
  const needsAnother = !token || reset.isError;
  const below = (
    <Anchor component={Link} to={needsAnother ? "/forgot-password" : "/sign-in"}>
      {needsAnother ? "Ask for a new link" : "Sign in"}
    </Anchor>
  );
  if (!token) return <NoSecret below={below} />;
  if (reset.isSuccess) {
    return <FormPage title="Done" lead="Your new password is set. All devices were signed out." below={below} />;
  }
  return (
    <FormPage title="A new password" lead="It signs out all your devices." error={reset.error} fields={["password"]} below={below}>
      <Form send={reset.mutate} pending={reset.isPending} submit="Set the password">
        <PasswordField
          label="New password"
          value={password}
          change={setPassword}
          error={fieldsOf(reset.error).password?.[0]}
          fresh
        />
      </Form>
    </FormPage>
  );
}
