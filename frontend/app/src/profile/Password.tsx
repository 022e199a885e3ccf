import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { post } from "../api/http";
import { devicesQuery } from "../api/queries";
import { useClient } from "../live/client";
import { fieldsOf, Form, Refusal } from "../pages/FormPage";
import { PasswordField } from "../ui/fields";
import { Done, Section } from "../ui/Section";

export function Password() {
  const client = useClient();
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    // A new password ends every live connection, this page's too: it signs in anew.
    mutationFn: () => {
      client.stop();
      return post("password/change/", { password, new_password: fresh });
    },
    onSuccess: () => {
      setPassword("");
      setFresh("");
      return queries.invalidateQueries({ queryKey: devicesQuery.queryKey });
    },
    onSettled: () => {
      client.start();
    },
  });
  return (
    <Section title="Password" lead="A new one signs out all other browsers and devices.">
      <Form send={change.mutate} pending={change.isPending} submit="Set a new password">
        <Refusal error={change.error} fields={["new_password"]} />
        <PasswordField label="Password so far" value={password} change={setPassword} />
        <PasswordField
          label="New password"
          value={fresh}
          change={setFresh}
          error={fieldsOf(change.error).new_password?.[0]}
          fresh
        />
        <Done when={change.isSuccess}>Your new password is set.</Done>
      </Form>
    </Section>
  );
}
