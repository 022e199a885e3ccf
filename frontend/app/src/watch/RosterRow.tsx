import { Badge, Button, Progress, VisuallyHidden } from "@mantine/core";
import { countedOn, type WatchedLearner } from "@studybeat/sdk";
import { memo } from "react";

import { clock, spoken } from "../time";
import { Icon } from "../ui/icons";
import type { Turn } from "./lesson";
import { StateMark } from "./StateMark";
import { Trace } from "./Trace";
import classes from "./watch.module.css";
import { deviceWords, sinceMs, stateWords } from "./words";

function Time({ label, ms, name }: { label: string; ms: number; name: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-testid={`watched-${name}`} data-ms={ms}>
        <span aria-hidden="true">{clock(ms)}</span>
        <VisuallyHidden>{spoken(ms)}</VisuallyHidden>
      </dd>
    </div>
  );
}

interface RosterRowProps {
  learner: WatchedLearner;
  name: string;
  /** Where they are; none where a heading says so already. */
  at: string | undefined;
  /** What they need, in their words. */
  help: string | undefined;
  turns: readonly Turn[];
  /** The server's clock. */
  now: number;
  onNudge: (learner: WatchedLearner) => void;
}

/** A learner who is here: since when in which state, where, their times, and how far. */
export const RosterRow = memo(function RosterRow({ learner, name, at, help, turns, now, onNudge }: RosterRowProps) {
  const { state, progress } = learner;
  const times = countedOn(learner, now);
  const device = deviceWords[learner.device_type];
  const since = sinceMs(learner, now);
  const facts = [at && `at ${at}`, device && `on a ${device}`].filter(Boolean).join(", ");
  return (
    <>
      <div className={classes.who}>
        <StateMark state={state} />
        <div className={classes.words}>
          <h4 className={classes.name}>
            <span className={classes.cut}>{name}</span>
            {learner.help && (
              <Badge size="sm" tt="none" color="red.8" leftSection={<Icon name="flag" size={12} />} data-testid="flag">
                Needs help
              </Badge>
            )}
          </h4>
          {help && (
            <p className={classes.facts} title={help}>
              <q>{help}</q>
            </p>
          )}
          <p className={classes.facts}>
            <b>{stateWords[state]}</b> for <span aria-hidden="true">{clock(since)}</span>
            <VisuallyHidden>{spoken(since)}</VisuallyHidden>
            {facts && `, ${facts}`}
          </p>
        </div>
      </div>
      <dl className={classes.times}>
        <Time label="Engaged" name="engaged" ms={times.engaged_ms} />
        <Time label="In focus" name="focus" ms={times.focus_ms} />
        <Time label="Away" name="idle" ms={times.idle_ms} />
      </dl>
      <div className={classes.progress}>
        <Progress value={progress} size="sm" aria-label={`Progress of ${name}`} />
        <span>{Math.floor(progress)} %</span>
      </div>
      <Trace turns={turns} now={now} />
      <Button
        variant="default"
        size="compact-sm"
        aria-label={`Nudge ${name}`}
        onClick={() => {
          onNudge(learner);
        }}
      >
        Nudge
      </Button>
    </>
  );
});
