import { Alert, Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";

import { useClient } from "../live/client";
import { problemOf } from "./words";

const LONGEST = 1000;

interface NudgeDialogProps {
  /** Null: closed. */
  enrollment: number | null;
  name: string;
  /** What they need, in their words. */
  help: string | undefined;
  onClose: () => void;
}

/** A word to one learner, and what came of it. */
export function NudgeDialog({ enrollment, name, help, onClose }: NudgeDialogProps) {
  return (
    <Modal opened={enrollment !== null} onClose={onClose} title={<Text fw={700}>A word to {name}</Text>} centered>
      {enrollment !== null && <Nudge key={enrollment} enrollment={enrollment} name={name} help={help} onClose={onClose} />}
    </Modal>
  );
}

type Sending = { step: "writing"; problem: string | null } | { step: "sending" } | { step: "told" };

function Nudge({ enrollment, name, help, onClose }: Omit<NudgeDialogProps, "enrollment"> & { enrollment: number }) {
  const client = useClient();
  const [text, setText] = useState("");
  const [sending, setSending] = useState<Sending>({ step: "writing", problem: null });
  const send = async (): Promise<void> => {
    setSending({ step: "sending" });
    const problem = problemOf(await client.nudge(enrollment, text.trim()));
    setSending(problem === null ? { step: "told" } : { step: "writing", problem });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Stack>
        {help && (
          <Text>
            {name} wrote: <q>{help}</q>
          </Text>
        )}
        {sending.step !== "told" && (
          <Textarea
            label="What to say"
            description="It comes up on their page at once, and stays in their inbox."
            rows={3}
            maxLength={LONGEST}
            data-autofocus
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
            }}
          />
        )}
        <Text role="status" data-testid="nudge-outcome">
          {sending.step === "told" && `${name} has your word now.`}
        </Text>
        {sending.step === "writing" && sending.problem && (
          <Alert color="red" role="alert" py="xs">
            {sending.problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {sending.step === "told" ? "Close" : "Cancel"}
          </Button>
          {sending.step !== "told" && (
            <Button type="submit" loading={sending.step === "sending"} disabled={text.trim() === ""}>
              Send
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
