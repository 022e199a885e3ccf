import { Anchor } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Navigate } from "react-router";

import { post } from "../api/http";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { EmailField, PasswordField, UserNameField } from "../ui/fields";
import { useTitle } from "../ui/title";
import { fieldsOf, Form, FormPage } from "./FormPage";

/** Makes the account, and signs it in. */
export function RegisterPage() {
  useTitle("Make an account");
  const queries = useQueryClient();
  const me = useQuery(meQuery);
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const register = useMutation({
    mutationFn: async () => {
      await post("register/", { username, email, password });
      return post<Me>("login/", { username, password });
    },
    onSuccess: (user) => {
      queries.clear();
      queries.setQueryData(meQuery.queryKey, user);
    },
  });
  if (me.data) return <Navigate to="/" replace />;

  const fields = fieldsOf(register.error);
  return (
    <FormPage
      title="Make an account"
      lead="We mail you a link to confirm your address; you can begin at once."
      error={register.error}
      fields={["username", "email", "password"]}
      below={
        <Anchor component={Link} to="/sign-in">
          Sign in instead
        </Anchor>
      }
    >
      <Form send={register.mutate} pending={register.isPending} submit="Make the account">
        <UserNameField value={username} change={setUsername} error={fields.username?.[0]} />
        <EmailField value={email} change={setEmail} error={fields.email?.[0]} />
        <PasswordField value={password} change={setPassword} error={fields.password?.[0]} fresh />
      </Form>
    </FormPage>
  );
}
