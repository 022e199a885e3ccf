import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface ConfirmDialogProps {
  opened: boolean;
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** What the buttons say. */
  yes: string;
  no: string;
  isPending: boolean;
  error?: Error | null;
  isDisabled?: boolean;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before what can't be taken back. The focus begins on the harmless answer, and returns to where it was. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { opened, title, children, yes, no, isPending, error, isDisabled = false, onYes, onClose } = props;
  return (
    <Modal opened={opened} onClose={onClose} title={<Text fw={700}>{title}</Text>} centered>
      <Stack>
        {typeof children === "string" ? <Text>{children}</Text> : children}
        {error && (
          <Alert color="red" role="alert" py="xs">
            {error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {no}
          </Button>
          <Button color="red.8" loading={isPending} disabled={isDisabled} onClick={onYes}>
            {yes}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
