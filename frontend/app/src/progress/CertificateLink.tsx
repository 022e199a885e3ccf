import { Anchor, Group } from "@mantine/core";

import { Icon } from "../ui/icons";
import { certificatePath } from "./certificate";
import classes from "./progress.module.css";

/** The way to a certificate's public page. `course`: its title, where the page around it has several. */
export function CertificateLink({ code, course }: { code: string; course?: string }) {
  return (
    <Group gap={6} c="teal" mt="xs" wrap="nowrap">
      <Icon name="seal" size={18} />
      <Anchor
        href={certificatePath(code)}
        className={classes.certificate}
        underline="always"
        {...(course === undefined ? {} : { "aria-label": `Your certificate for ${course}` })}
      >
        Your certificate
      </Anchor>
    </Group>
  );
}
