import { Anchor, Button } from "@mantine/core";
import { useState } from "react";

import { certificatePath } from "../progress/certificate";
import { useRevoke } from "./moves";
import { ReasonDialog } from "./ReasonDialog";

interface LearnersCertificateProps {
  slug: string;
  code: string;
  /** The learner's. */
  name: string;
  settle: () => void;
}

/** A learner's valid certificate: to look at, and to take back. */
export function LearnersCertificate({ slug, code, name, settle }: LearnersCertificateProps) {
  const { mutate, isPending, error, reset } = useRevoke(slug);
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <Anchor href={certificatePath(code)} size="sm" aria-label={`Certificate of ${name}`}>
        Certificate
      </Anchor>
      <Button
        size="xs"
        variant="default"
        aria-label={`Revoke the certificate of ${name}`}
        onClick={() => {
          reset();
          setIsAsking(true);
        }}
      >
        Revoke
      </Button>
      {isAsking && (
        <ReasonDialog
          title={`Revoke the certificate of ${name}?`}
          text="Its page says from now on that it is not valid, and they get no other. This can’t be undone."
          yes="Revoke"
          isRequired={false}
          readers="It is kept in the record of changes; the learner is not told."
          isPending={isPending}
          error={error}
          onYes={(reason) => {
            mutate(
              { code, reason },
              {
                onSuccess: () => {
                  setIsAsking(false);
                  settle();
                },
              },
            );
          }}
          onClose={() => {
            setIsAsking(false);
          }}
        />
      )}
    </>
  );
}
