import { Table } from "@mantine/core";
import type { WatchState } from "@studybeat/sdk";
import { lazy, Suspense } from "react";

import { useClient } from "../live/client";
import { secondOfDay, timeOfDay } from "../time";
import { Section } from "../ui/Section";
import { useNow } from "../ui/useNow";
import { Fold } from "./Fold";
import { type Lesson, type Point, type SeenState, STATES } from "./lesson";
import { StateMark } from "./StateMark";
import classes from "./watch.module.css";
import { learnersWords, stateWords } from "./words";

const PulsePlot = lazy(() => import("./PulsePlot"));
const ROWS = 12;

const sum = (counts: Record<SeenState, number>): number => STATES.reduce((all, state) => all + counts[state], 0);

function plotWords(points: readonly Point[]): string {
  const [first] = points;
  if (!first) return "Nothing has been seen yet.";
  const most = points.reduce((found, { counts }) => Math.max(found, counts ? sum(counts) : 0), 0);
  return `How many were engaged, in focus, away and not heard since ${timeOfDay(first.at)}. At most ${learnersWords(most)} at once.`;
}

/** The plot in so many lines at most, evenly spread; the latest is last. */
function AsTable({ points }: { points: readonly Point[] }) {
  const step = Math.max(1, Math.ceil(points.length / ROWS));
  const shown = points.filter((_, index) => (points.length - 1 - index) % step === 0);
  return (
    <details>
      <summary className={classes.summary}>As a table</summary>
      <div className={classes.wide}>
        <Table mt="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>From</Table.Th>
              {STATES.map((state) => (
                <Table.Th key={state}>{stateWords[state]}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ at, counts }) => (
              <Table.Tr key={at}>
                <Table.Th scope="row">{secondOfDay(at)}</Table.Th>
                {STATES.map((state) => (
                  <Table.Td key={state}>{counts ? counts[state] : "–"}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </details>
  );
}

/** The class as a whole: how many are in which state, now and over the lesson. */
export function ClassPulse({ lesson, state }: { lesson: Lesson; state: WatchState }) {
  const now = useNow(1000, useClient().serverNow);
  const { points } = lesson;
  const { counts } = state;
  return (
    <Section title="The class now" lead={counts.help > 0 ? `${learnersWords(counts.help)} asking for help.` : undefined}>
      <dl className={classes.counts} data-testid="counts">
        {STATES.map((each) => (
          <div key={each} className={classes.count}>
            <dt>
              <StateMark state={each} />
              {stateWords[each]}
            </dt>
            <dd data-testid={`count-${each}`}>{counts[each]}</dd>
          </div>
        ))}
      </dl>
      <Fold title="Over the lesson">
        <Suspense fallback={<div className={classes.plot} />}>
          <PulsePlot points={points} now={now} label={`${plotWords(points)} The table below has the numbers.`} />
        </Suspense>
        <AsTable points={points} />
      </Fold>
    </Section>
  );
}
