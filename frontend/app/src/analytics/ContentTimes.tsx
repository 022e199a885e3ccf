import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link } from "react-router";

import type { ContentTime } from "../api/types";
import { contentPath } from "../course/context";
import { lineWords, type Scale, scaleTo } from "../progress/scale";
import { roughly } from "../time";
import { Section } from "../ui/Section";
import classes from "./analytics.module.css";

interface ContentTimesProps {
  slug: string;
  times: ContentTime[];
}

/** The middle half of those who completed it; null where nobody has. */
interface Quartiles {
  lower: number;
  median: number;
  upper: number;
}

function quartilesOf(time: ContentTime): Quartiles | null {
  const { lower_quartile_seconds: lower, median_seconds: median, upper_quartile_seconds: upper } = time;
  return lower === null || median === null || upper === null ? null : { lower, median, upper };
}

function timeWords({ learners, estimate_seconds: estimate }: ContentTime, quartiles: Quartiles | null): string {
  const estimated = estimate === null ? "" : ` Estimated: ${roughly(estimate)}.`;
  if (!quartiles) return `Nobody has completed it yet.${estimated}`;
  const [lower, median, upper] = [quartiles.lower, quartiles.median, quartiles.upper].map(roughly);
  if (learners === 1) return `One learner took ${median}.${estimated}`;
  const half = lower === upper ? `took ${lower}` : `took from ${lower} to ${upper}; the median is ${median}`;
  return `Half of ${learners} learners ${half}.${estimated}`;
}

/** Where three quarters of the learners are on one side of the estimate, which one. */
function Verdict({ quartiles, estimate }: { quartiles: Quartiles; estimate: number }) {
  const isLonger = quartiles.lower > estimate;
  if (!isLonger && quartiles.upper >= estimate) return null;
  return (
    <Badge size="sm" tt="none" color={isLonger ? "yellow" : "teal"}>
      {isLonger ? "Longer" : "Shorter"} than estimated
    </Badge>
  );
}

function Row({ slug, time, scale }: { slug: string; time: ContentTime; scale: Scale }) {
  const at = (seconds: number): string => `${(seconds / scale.top) * 100}%`;
  const quartiles = quartilesOf(time);
  const { estimate_seconds: estimate } = time;
  return (
    <li className={classes.content} data-testid="content-time" data-content={time.content}>
      <Group gap="xs">
        <Anchor component={Link} to={contentPath(slug, { id: time.content })} c="inherit" fw={600}>
          {time.title}
        </Anchor>
        <Text size="sm" c="dimmed">
          {time.module}
        </Text>
        {quartiles && estimate !== null && <Verdict quartiles={quartiles} estimate={estimate} />}
      </Group>
      <div className={classes.track} aria-hidden="true">
        {scale.lines.map((line) => (
          <span key={line} className={classes.line} style={{ left: at(line) }} />
        ))}
        {quartiles && (
          <>
            <span className={classes.half} style={{ left: at(quartiles.lower), width: at(quartiles.upper - quartiles.lower) }} />
            <span className={classes.median} style={{ left: at(quartiles.median) }} />
          </>
        )}
        {estimate !== null && <span className={classes.estimate} style={{ left: at(estimate) }} />}
      </div>
      <Text size="sm" c="dimmed">
        {timeWords(time, quartiles)}
      </Text>
    </li>
  );
}

function Axis({ scale }: { scale: Scale }) {
  return (
    <div className={classes.axis} aria-hidden="true">
      {scale.lines.map((line) => (
        <span key={line} style={{ left: `${(line / scale.top) * 100}%` }}>
          {lineWords(line)}
        </span>
      ))}
    </div>
  );
}

/** How long each content takes, beside what was estimated. */
export function ContentTimes({ slug, times }: ContentTimesProps) {
  const longest = Math.max(0, ...times.flatMap((time) => [time.upper_quartile_seconds ?? 0, time.estimate_seconds ?? 0]));
  const scale = scaleTo(longest);
  return (
    <Section title="How long it takes" lead="The time in focus of those who have completed a content.">
      {times.length === 0 ? (
        <Text c="dimmed">This course has no contents yet.</Text>
      ) : (
        <div>
          <Group gap="lg" mb="xs" aria-hidden="true">
            <Text size="sm" className={classes.legend}>
              <span className={classes.half} />
              Half of the learners
            </Text>
            <Text size="sm" className={classes.legend}>
              <span className={classes.median} />
              Median
            </Text>
            <Text size="sm" className={classes.legend}>
              <span className={classes.estimate} />
              Estimate
            </Text>
          </Group>
          <Axis scale={scale} />
          <ul className={classes.list}>
            {times.map((time) => (
              <Row key={time.content} slug={slug} time={time} scale={scale} />
            ))}
          </ul>
        </div>
      )}
    </Section>
  );
}
