/** What a page shows when it has nothing to show yet, or at all. */

import { Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { ApiError } from "../api/http";

interface MessageProps {
  title: string;
  /** Where it is all of the page. */
  isPage?: boolean;
  children?: ReactNode;
  action?: ReactNode;
}

export function Message({ title, isPage = false, children, action }: MessageProps) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Title order={isPage ? 1 : 2} size="h4">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" maw="46ch">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

export function Failure({ error, retry }: { error: Error; retry: () => unknown }) {
  return (
    <div role="alert">
      <Message
        title="This did not load"
        action={
          <Button variant="light" mt="xs" onClick={() => void retry()}>
            Try again
          </Button>
        }
      >
        {error instanceof ApiError ? error.message : "Something went wrong on this page."}
      </Message>
    </div>
  );
}

export function Waiting() {
  return (
    <Center mih="60vh" aria-busy="true">
      <Loader role="progressbar" aria-label="Loading" />
    </Center>
  );
}
