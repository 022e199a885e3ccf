import { NumberInput, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";

import { ConfirmDialog } from "../ui/ConfirmDialog";

export interface ReasonQuestion {
  title: string;
  text: string;
  yes: string;
  /** Whether it can't go without one. */
  isRequired: boolean;
  /** Who reads the reason. */
  readers: string;
  /** The present priority, where that is what is asked for. */
  priority?: number;
}

interface ReasonDialogProps extends ReasonQuestion {
  isPending: boolean;
  error: Error | null;
  onYes: (reason: string, priority: number) => void;
  onClose: () => void;
}

/** Asks why. Make it anew for each question. */
export function ReasonDialog(props: ReasonDialogProps) {
  const { title, text, yes, isRequired, readers, isPending, error, onYes, onClose } = props;
  const [reason, setReason] = useState("");
  const [priority, setPriority] = useState<string | number>(props.priority ?? 1);
  const isMissing = (isRequired && reason.trim() === "") || priority === "";
  return (
    <ConfirmDialog
      opened
      title={title}
      yes={yes}
      no="Cancel"
      isPending={isPending}
      error={error}
      isDisabled={isMissing}
      onYes={() => {
        onYes(reason.trim(), Number(priority));
      }}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text>{text}</Text>
        {props.priority !== undefined && (
          <NumberInput
            label="Priority"
            description="The lower the number, the sooner the turn. Who joins has 1."
            min={0}
            max={1_000_000}
            allowDecimal={false}
            data-autofocus
            value={priority}
            onChange={setPriority}
          />
        )}
        <Textarea
          label={isRequired ? "Reason" : "Reason (if you like)"}
          description={readers}
          rows={3}
          resize="vertical"
          maxLength={1000}
          required={isRequired}
          withAsterisk={false}
          data-autofocus={props.priority === undefined || undefined}
          value={reason}
          onChange={(event) => {
            setReason(event.currentTarget.value);
          }}
        />
      </Stack>
    </ConfirmDialog>
  );
}
