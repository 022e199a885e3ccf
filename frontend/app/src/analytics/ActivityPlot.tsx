import { Table, Text } from "@mantine/core";

import type { Activity } from "../api/types";
import { useUser } from "../auth/user";
import { Section } from "../ui/Section";
import classes from "./analytics.module.css";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const HOURS_A_LABEL = 6;
/** Shades, from the fewest sessions to the most. */
const SHADES = [1, 2, 3, 4, 5];

const sessions = (count: number): string => (count === 1 ? "1 session" : `${count} sessions`);
const nameOf = (weekday: number): string => WEEKDAYS[weekday - 1] ?? "";
const hourWords = (hour: number): string => `${hour}:00 to ${hour + 1}:00`;

/** The hours of the week, shaded by how many sessions began in them. */
export function ActivityPlot({ activity }: { activity: Activity[] }) {
  const { timezone } = useUser();
  const all = activity.reduce((sum, hour) => sum + hour.sessions, 0);
  const [first] = activity;
  if (!first) {
    return (
      <Section title="When they learn">
        <Text c="dimmed">No session has begun in the last four weeks. Today is not in it.</Text>
      </Section>
    );
  }
  const most = activity.reduce((found, hour) => (hour.sessions > found.sessions ? hour : found), first);
  const isAlone = activity.filter((hour) => hour.sessions === most.sessions).length === 1;
  const busiest = isAlone
    ? `The busiest hour is ${nameOf(most.weekday)}, ${hourWords(most.hour)}: ${most.sessions} of them.`
    : `No hour of the week has more than ${most.sessions} of them.`;
  const summary = `${sessions(all)} began in the last four weeks. ${busiest}`;
  const begun = new Map(activity.map((hour) => [hour.weekday * 24 + hour.hour, hour.sessions]));
  return (
    <Section title="When they learn" lead={`By the clocks of your time zone, ${timezone}. Today is not in it.`}>
      <Text data-testid="activity-sum">{summary}</Text>
      <div role="img" aria-label={`The hours of the week. ${summary} The table below has each hour.`} className={classes.week}>
        {WEEKDAYS.map((name, index) => (
          <div key={name} className={classes.weekday}>
            <span className={classes.name}>{name.slice(0, 3)}</span>
            {HOURS.map((hour) => {
              const count = begun.get((index + 1) * 24 + hour) ?? 0;
              return (
                <span
                  key={hour}
                  className={classes.hour}
                  data-testid="hour"
                  data-shade={Math.ceil((count / most.sessions) * SHADES.length)}
                  title={`${name}, ${hourWords(hour)}: ${count === 0 ? "none" : sessions(count)}`}
                />
              );
            })}
          </div>
        ))}
        <div className={classes.weekday}>
          <span />
          {HOURS.map((hour) => (
            <span key={hour} className={classes.label}>
              {hour % HOURS_A_LABEL === 0 && `${hour}:00`}
            </span>
          ))}
        </div>
      </div>
      <Text size="sm" className={classes.legend} aria-hidden="true">
        None
        {[0, ...SHADES].map((shade) => (
          <span key={shade} className={classes.hour} data-shade={shade} />
        ))}
        {sessions(most.sessions)}
      </Text>
      <details>
        <summary className={classes.summary}>As a table</summary>
        <Table mt="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Hour</Table.Th>
              <Table.Th>Sessions that began</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {activity.map(({ weekday, hour, sessions: count }) => (
              <Table.Tr key={`${weekday} ${hour}`}>
                <Table.Th scope="row">
                  {nameOf(weekday)}, {hourWords(hour)}
                </Table.Th>
                <Table.Td>{count}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Section>
  );
}
