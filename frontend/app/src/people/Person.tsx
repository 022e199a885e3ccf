import { Alert, Avatar, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./people.module.css";

interface PersonProps {
  /** A user name. */
  student: string;
  name: string;
  facts: ReactNode;
  badge?: ReactNode;
  error?: Error | null | undefined;
  /** What can be done about them. */
  children?: ReactNode;
}

/** One line of a list of people. */
export function Person({ student, name, facts, badge, error, children }: PersonProps) {
  return (
    <li className={classes.person} data-testid="person" data-student={student}>
      <Avatar name={name || student} color="iris" size={38} aria-hidden="true" />
      <div className={classes.words}>
        <Group gap={8}>
          <Text fw={600} component="h3">
            {name || student}
          </Text>
          {name && (
            <Text size="sm" c="dimmed">
              {student}
            </Text>
          )}
          {badge}
        </Group>
        <Text size="sm" c="dimmed">
          {facts}
        </Text>
      </div>
      <Group gap="xs" className={classes.buttons}>
        {children}
      </Group>
      {error && (
        <Alert color="red" role="alert" py="xs" className={classes.refusal}>
          {error.message}
        </Alert>
      )}
    </li>
  );
}
