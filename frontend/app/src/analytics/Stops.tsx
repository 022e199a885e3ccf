import { Anchor, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";

import type { Stop } from "../api/types";
import { contentPath } from "../course/context";
import { Section } from "../ui/Section";
import classes from "./analytics.module.css";

/** So many are shown at first. */
const FIRST = 8;

/** `12 learners, 3 of them have left`. */
function stopWords({ learners, left }: Pick<Stop, "learners" | "left">): string {
  if (learners === 1) return left === 1 ? "1 learner, who has left" : "1 learner";
  return left > 0 ? `${learners} learners, ${left} of them ${left === 1 ? "has" : "have"} left` : `${learners} learners`;
}

/** At which content those were last who have not completed the course, most first. */
export function Stops({ slug, stops }: { slug: string; stops: Stop[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const most = stops[0]?.learners ?? 1;
  const shown = isWhole ? stops : stops.slice(0, FIRST);
  return (
    <Section
      title="Where they stop"
      lead="The content that those were last at who have not completed the course, also when they have left it."
    >
      {stops.length === 0 ? (
        <Text c="dimmed">Nobody: no one has begun a content and not completed the course.</Text>
      ) : (
        <ul className={classes.list}>
          {shown.map(({ content, title, module, learners, left }) => (
            <li key={content} className={classes.content} data-testid="stop" data-content={content}>
              <Group gap="xs" justify="space-between" wrap="nowrap">
                <Text>
                  <Anchor component={Link} to={contentPath(slug, { id: content })} c="inherit" fw={600} mr="xs">
                    {title}
                  </Anchor>
                  <Text size="sm" c="dimmed" span>
                    {module}
                  </Text>
                </Text>
                <Text className={classes.count}>{stopWords({ learners, left })}</Text>
              </Group>
              <div className={classes.share} aria-hidden="true">
                <span style={{ width: `${(learners / most) * 100}%` }} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {shown.length < stops.length && (
        <Button
          variant="default"
          w="fit-content"
          onClick={() => {
            setIsWhole(true);
          }}
        >
          Show all {stops.length}
        </Button>
      )}
    </Section>
  );
}
