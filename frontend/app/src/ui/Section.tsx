import { Card, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** One card of a page that has several, each with a heading. */
export function Section({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <Card component="section" aria-labelledby={id} p="lg">
      <Stack>
        <div>
          <Title order={2} size="h4" id={id}>
            {title}
          </Title>
          {lead && (
            <Text c="dimmed" size="sm">
              {lead}
            </Text>
          )}
        </div>
        {children}
      </Stack>
    </Card>
  );
}

/** Said aloud when it appears. */
export function Done({ when, children }: { when: boolean; children: ReactNode }) {
  return (
    <Text size="sm" c="teal" role="status">
      {when && children}
    </Text>
  );
}
