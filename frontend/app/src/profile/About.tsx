import { Avatar, Badge, Button, FileButton, Group, NativeSelect, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { patch, post } from "../api/http";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { displayName, useUser } from "../auth/user";
import { fieldsOf, Form, Refusal } from "../pages/FormPage";
import { EmailField } from "../ui/fields";
import { Done, Section } from "../ui/Section";

/** What mails and news are written in; the pages themselves are in English. */
const languages = [
  { value: "en", label: "English" },
  { value: "de", label: "Deutsch" },
];

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

/** Sends a change of the profile; what the server answers is what every page then shows. */
function useChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Me> | FormData) => patch<Me>("me/", change),
    onSuccess: (me) => {
      queries.setQueryData(meQuery.queryKey, me);
    },
  });
}

export function About() {
  const user = useUser();
  const [said, setSaid] = useState({
    first_name: user.first_name,
    last_name: user.last_name,
    email: user.email,
    bio: user.bio,
    timezone: user.timezone,
    language: user.language,
    email_notifications: user.email_notifications,
    weekly_digest: user.weekly_digest,
    student_profile: { goal: user.student_profile?.goal ?? "" },
  });
  const change = useChange();
  const say = (changed: Partial<typeof said>): void => {
    setSaid({ ...said, ...changed });
    change.reset();
  };
  const fields = fieldsOf(change.error);
  return (
    <Section title="About you">
      <Picture />
      <Form
        send={() => {
          change.mutate(said);
        }}
        pending={change.isPending}
        submit="Save"
      >
        <Refusal error={change.error} fields={["first_name", "last_name", "email", "bio", "timezone", "language"]} />
        <Group grow>
          <TextInput
            label="First name"
            autoComplete="given-name"
            value={said.first_name}
            error={fields.first_name?.[0]}
            onChange={(event) => {
              say({ first_name: event.currentTarget.value });
            }}
          />
          <TextInput
            label="Last name"
            autoComplete="family-name"
            value={said.last_name}
            error={fields.last_name?.[0]}
            onChange={(event) => {
              say({ last_name: event.currentTarget.value });
            }}
          />
        </Group>
        <EmailField
          value={said.email}
          change={(email) => {
            say({ email });
          }}
          error={fields.email?.[0]}
        />
        <Verified />
        <Textarea
          label="Your goal"
          rows={3}
          maxLength={2000}
          value={said.student_profile.goal}
          onChange={(event) => {
            say({ student_profile: { goal: event.currentTarget.value } });
          }}
        />
        <Textarea
          label="In a few words"
          rows={3}
          maxLength={4000}
          value={said.bio}
          error={fields.bio?.[0]}
          onChange={(event) => {
            say({ bio: event.currentTarget.value });
          }}
        />
        <Select
          label="Time zone"
          searchable
          limit={20}
          allowDeselect={false}
          data={zones.includes(said.timezone) ? zones : [said.timezone, ...zones]}
          value={said.timezone}
          error={fields.timezone?.[0]}
          onChange={(timezone) => {
            if (timezone) say({ timezone });
          }}
        />
        <NativeSelect
          label="Language of mails and news"
          data={
            languages.some(({ value }) => value === said.language)
              ? languages
              : [{ value: said.language, label: said.language }, ...languages]
          }
          value={said.language}
          error={fields.language?.[0]}
          onChange={(event) => {
            say({ language: event.currentTarget.value });
          }}
        />
        <Switch
          label="Mail me about seats and decisions"
          checked={said.email_notifications}
          onChange={(event) => {
            say({ email_notifications: event.currentTarget.checked });
          }}
        />
        <Switch
          label="Mail me my week"
          checked={said.weekly_digest}
          onChange={(event) => {
            say({ weekly_digest: event.currentTarget.checked });
          }}
        />
        <Done when={change.isSuccess}>Saved.</Done>
      </Form>
    </Section>
  );
}

function Verified() {
  const user = useUser();
  const resend = useMutation({ mutationFn: () => post("verify-email/resend/") });
  if (user.email_verified) return <Badge color="teal">Confirmed</Badge>;
  return (
    <Group gap="sm">
      <Badge color="yellow">Not confirmed yet</Badge>
      <Button
        size="compact-sm"
        variant="light"
        loading={resend.isPending}
        disabled={resend.isSuccess}
        onClick={() => {
          resend.mutate();
        }}
      >
        {resend.isSuccess ? "On its way" : "Mail me the link again"}
      </Button>
      <Refusal error={resend.error} />
    </Group>
  );
}

function Picture() {
  const user = useUser();
  const change = useChange();
  const upload = (file: File | null): void => {
    if (!file) return;
    const form = new FormData();
    form.set("avatar", file);
    change.mutate(form);
  };
  return (
    <>
      <Group>
        <Avatar src={user.avatar} name={displayName(user)} color="iris" size={72} alt="Your picture" />
        <FileButton onChange={upload} accept="image/jpeg,image/png,image/webp,image/gif">
          {(props) => (
            <Button {...props} variant="light" loading={change.isPending}>
              Choose a picture
            </Button>
          )}
        </FileButton>
        {user.avatar && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => {
              change.mutate({ avatar: null });
            }}
          >
            Remove it
          </Button>
        )}
      </Group>
      {change.error && <Refusal error={new Error(fieldsOf(change.error).avatar?.[0] ?? change.error.message)} />}
    </>
  );
}
