import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { LiveSession } from "@studybeat/sdk";
import { useEffect, useRef, useState } from "react";

import { useClient, useStore } from "../live/client";
import { Icon } from "../ui/icons";
import classes from "./watch.module.css";

const LONGEST = 1000;

/** The learner's call for help, from this page: asked for with a line of text, shown while it is up, and taken back. */
export function Help({ session, isAnonymous }: { session: LiveSession; isAnonymous: boolean }) {
  const client = useClient();
  const { session: number, phase } = useStore(session.store);
  const { sessions } = useStore(client.help);
  const [opened, { open, close }] = useDisclosure();
  const call = number === null ? undefined : sessions[number];
  const title = useRef<HTMLParagraphElement>(null);
  const isRaised = call?.isRaised ?? false;
  const wasRaised = useRef(isRaised);
  useEffect(() => {
    // The button that was pressed is gone: the focus goes to what came of it.
    if (isRaised && !wasRaised.current) title.current?.focus();
    wasRaised.current = isRaised;
  }, [isRaised]);
  if (phase !== "live" || number === null) return null;
  return (
    <div className={classes.help} data-testid="help" data-raised={isRaised} data-known={call?.isKnown ?? true}>
      {isRaised ? (
        <Alert color="iris" icon={<Icon name="flag" />} py="xs">
          <Group justify="space-between" gap="xs">
            <Text ref={title} tabIndex={-1} role="status">
              {call?.isKnown ? "You asked for help: whoever watches the course sees it." : "Asking for help…"}
            </Text>
            <Button
              variant="default"
              size="xs"
              onClick={() => {
                client.clearHelp(number);
              }}
            >
              I need no help any more
            </Button>
          </Group>
        </Alert>
      ) : (
        <Button variant="default" leftSection={<Icon name="help" size={18} />} onClick={open}>
          I need help
        </Button>
      )}
      {call?.error && (
        <Alert color="red" role="alert" py="xs" mt="xs">
          {call.error.message}
        </Alert>
      )}
      <Modal opened={opened} onClose={close} title={<Text fw={700}>Ask for help</Text>} centered>
        <Ask
          isAnonymous={isAnonymous}
          ask={(text) => {
            close();
            client.raiseHelp(number, text);
          }}
          cancel={close}
        />
      </Modal>
    </div>
  );
}

interface AskProps {
  isAnonymous: boolean;
  ask: (text: string) => void;
  cancel: () => void;
}

function Ask({ isAnonymous, ask, cancel }: AskProps) {
  const [text, setText] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        ask(text.trim());
      }}
    >
      <Stack>
        <Textarea
          label="What is it about?"
          description={
            isAnonymous
              ? "A line is enough. The course is watched anonymously, but who asks for help is named to its owner."
              : "A line is enough. Whoever watches the course sees that you ask, and what you write."
          }
          rows={3}
          maxLength={LONGEST}
          data-autofocus
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <Button type="submit">Ask for help</Button>
        </Group>
      </Stack>
    </form>
  );
}
