import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { fileAddress, remove } from "../api/http";
import { useClient } from "../live/client";
import { Form, Refusal } from "../pages/FormPage";
import { PasswordField } from "../ui/fields";
import { Icon } from "../ui/icons";
import { Section } from "../ui/Section";

export function Data() {
  const [asks, setAsks] = useState(false);
  return (
    <Section title="Your data" lead="All that is kept about you, as files that you can read.">
      <Group>
        <Button component="a" href={fileAddress("me/export/")} variant="light" leftSection={<Icon name="download" size={18} />}>
          Download it
        </Button>
        <Button
          variant="subtle"
          color="red"
          onClick={() => {
            setAsks(true);
          }}
        >
          Close the account …
        </Button>
      </Group>
      <Modal
        opened={asks}
        title="Close the account"
        onClose={() => {
          setAsks(false);
        }}
      >
        <Close />
      </Modal>
    </Section>
  );
}

function Close() {
  const client = useClient();
  const [password, setPassword] = useState("");
  const close = useMutation({
    mutationFn: () => {
      client.stop();
      return remove("me/", { password });
    },
    onSuccess: () => {
      location.assign("/sign-in");
    },
    onError: () => {
      client.start();
    },
  });
  return (
    <Form send={close.mutate} pending={close.isPending} submit="Close it for good">
      <Text size="sm">
        Your name, address and all you said of yourself are forgotten, and your places in courses end. This can’t be undone.
      </Text>
      <Refusal error={close.error} />
      <PasswordField value={password} change={setPassword} />
    </Form>
  );
}
