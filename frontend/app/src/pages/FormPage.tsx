/** The frame of the pages for who is not signed in: the logo, and a card with one form. */

import { Alert, Button, Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode, SubmitEvent } from "react";

import { ApiError } from "../api/http";
import { Logo } from "../ui/icons";
import classes from "./signIn.module.css";

interface FormPageProps {
  title: string;
  lead?: ReactNode;
  /** What went wrong, unless it is about one of these fields, which say it themselves. */
  error?: Error | null;
  fields?: readonly string[];
  children?: ReactNode;
  /** Below the card. */
  below?: ReactNode;
}

export function FormPage({ title, lead, error = null, fields, children, below }: FormPageProps) {
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
          <Stack>
            <div>
              <Title order={1} size="h3">
                {title}
              </Title>
              {lead && (
                <Text c="dimmed" size="sm">
                  {lead}
                </Text>
              )}
            </div>
            <Refusal error={error} fields={fields} />
            {children}
          </Stack>
        </Card>
        {below && (
          <Group gap="lg" justify="center">
            {below}
          </Group>
        )}
      </Stack>
    </Center>
  );
}

interface RefusalProps {
  error: Error | null;
  /** Where what the server says about them stands already. */
  fields?: readonly string[] | undefined;
}

/** What the server refused in its own words, unless all of it is about fields that say it themselves. */
export function Refusal({ error, fields = [] }: RefusalProps) {
  const refused = Object.keys(fieldsOf(error));
  if (!error || (refused.length > 0 && refused.every((field) => fields.includes(field)))) return null;
  return (
    <Alert color="red" role="alert" py="xs">
      {error.message}
    </Alert>
  );
}

/** What the server said about each field. */
export function fieldsOf(error: Error | null): Record<string, string[]> {
  return error instanceof ApiError ? error.fields : {};
}

interface FormProps {
  send: () => void;
  pending: boolean;
  submit: string;
  children: ReactNode;
}

/** Sends once, however often it is submitted meanwhile. */
export function Form({ send, pending, submit, children }: FormProps) {
  return (
    <form
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        if (!pending) send();
      }}
    >
      <Stack>
        {children}
        <Button type="submit" size="md" fullWidth loading={pending}>
          {submit}
        </Button>
      </Stack>
    </form>
  );
}
