import { Text } from "@mantine/core";

import type { Analytics } from "../api/types";
import { Person } from "../people/Person";
import { EngagementButton } from "../progress/EngagementPanel";
import { day } from "../time";
import { Section } from "../ui/Section";
import classes from "./analytics.module.css";

/** Who is enrolled and has not been there for a week, the longest away first. */
export function Away({ count, learners }: Analytics["inactive"]) {
  const more = count - learners.length;
  return (
    <Section title="Away for a week or longer" lead="Who is enrolled and has not been in the course for seven days.">
      {count === 0 ? (
        <Text c="dimmed">Nobody: all who are enrolled were here in the last seven days.</Text>
      ) : (
        <>
          <Text data-testid="away-count">{count === 1 ? "1 learner" : `${count} learners`}</Text>
          <ul className={classes.list}>
            {learners.map((learner) => {
              const { enrollment, student, student_name: name, last_accessed: last, progress_percentage: percent } = learner;
              const seen = last ? `Last here ${day(last)}` : `Never here, enrolled ${day(learner.enrolled_on)}`;
              return (
                <Person key={enrollment} student={student} name={name} facts={`${seen} · ${Math.floor(percent)} % done`}>
                  <EngagementButton enrollment={enrollment} name={name || student} score={learner.engagement_score} />
                </Person>
              );
            })}
          </ul>
          {more > 0 && (
            <Text size="sm" c="dimmed">
              And {more} more: the file below has all of them.
            </Text>
          )}
        </>
      )}
    </Section>
  );
}
