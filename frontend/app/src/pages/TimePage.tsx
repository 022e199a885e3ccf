import { Anchor, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { daysQuery } from "../api/queries";
import type { StudiedDay } from "../api/types";
import { useUser } from "../auth/user";
import { DaysPlot } from "../progress/DaysPlot";
import classes from "../progress/progress.module.css";
import { roughly, weekday } from "../time";
import { Failure, Waiting } from "../ui/states";
import { useTitle } from "../ui/title";

const sum = (days: StudiedDay[], of: "engaged_seconds" | "focus_seconds"): number =>
  days.reduce((total, day) => total + day[of], 0);

/** One's own time by day, in all courses together. */
export function TimePage() {
  useTitle("My time");
  const { timezone } = useUser();
  const days = useQuery(daysQuery);
  return (
    <Stack gap="lg" maw={860} mx="auto">
      <div>
        <Title order={1} size="h2">
          My time
        </Title>
        <Text c="dimmed">
          The last 28 days, in all your courses together, by the clocks of your time zone,{" "}
          <Anchor component={Link} to="/profile" underline="always">
            {timezone}
          </Anchor>
          . Every second counts once, however many windows and devices were open.
        </Text>
      </div>
      {days.isPending && <Waiting />}
      {days.error && !days.data && <Failure error={days.error} retry={days.refetch} />}
      {days.data && <Days days={days.data} />}
    </Stack>
  );
}

function Days({ days }: { days: StudiedDay[] }) {
  const focus = roughly(sum(days, "focus_seconds"));
  const engaged = roughly(sum(days, "engaged_seconds"));
  const studied = days.filter((day) => day.focus_seconds > 0);
  const words = `${studied.length} of ${days.length} days with time in focus: ${focus}, of it engaged: ${engaged}.`;
  return (
    <Card component="section" aria-label="Time by day" padding="md">
      <Text mb="md" data-testid="time-sum">
        {words}
      </Text>
      <DaysPlot days={days} label={`Time by day. ${words} The table below has each day.`} />
      <Group gap="lg" mt="sm">
        <Text size="sm">
          <span aria-hidden="true" className={classes.key} data-share="engaged" />
          Engaged
        </Text>
        <Text size="sm">
          <span aria-hidden="true" className={classes.key} data-share="focus" />
          In focus, not engaged
        </Text>
      </Group>
      <details className={classes.details}>
        <summary>As a table</summary>
        <Table mt="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Day</Table.Th>
              <Table.Th>In focus</Table.Th>
              <Table.Th>Of it engaged</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...days].reverse().map((day) => (
              <Table.Tr key={day.date}>
                <Table.Th scope="row">{weekday(day.date)}</Table.Th>
                <Table.Td>{roughly(day.focus_seconds)}</Table.Td>
                <Table.Td>{roughly(day.engaged_seconds)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Card>
  );
}
