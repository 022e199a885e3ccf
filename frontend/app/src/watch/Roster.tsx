import { Checkbox, Group, NativeSelect, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { WatchedLearner, WatchState } from "@studybeat/sdk";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";

import { callsQuery } from "../api/queries";
import type { Content } from "../api/types";
import { useClient } from "../live/client";
import { Icon } from "../ui/icons";
import { Section } from "../ui/Section";
import { Message } from "../ui/states";
import { useNow } from "../ui/useNow";
import { Fold } from "./Fold";
import { type Lesson, type SeenState, STATES } from "./lesson";
import { NudgeDialog } from "./NudgeDialog";
import { arrange, type Line, type Sort, SORTS, type Wishes } from "./roster";
import { RosterRow } from "./RosterRow";
import { firstAfter, useInSight } from "./useInSight";
import classes from "./watch.module.css";
import { learnersWords, stateWords } from "./words";

const HEADING_PX = 46;
const ROW_PX = 60;
const PHONE_ROW_PX = 152;
/** What somebody who asks for help wrote has a line of its own. */
const WORDS_PX = 22;

interface RosterProps {
  slug: string;
  lesson: Lesson;
  state: WatchState;
  contents: Pick<Content, "id" | "title">[];
  areNamesHidden: boolean;
}

/** Everybody who is here now. Of thousands only those in sight are laid out. What is being written stays when all have left. */
export function Roster({ slug, lesson, state, contents, areNamesHidden }: RosterProps) {
  const [wishes, setWishes] = useState<Wishes>({ search: "", state: "all", sort: "name", isGrouped: true });
  const [nudged, setNudged] = useState<WatchedLearner | null>(null);
  const nameOf = useMemo(
    () =>
      ({ enrollment, user }: WatchedLearner): string =>
        areNamesHidden ? `Learner ${lesson.numberOf(enrollment)}` : user.name,
    [areNamesHidden, lesson],
  );
  const { learners } = state;
  const lines = useMemo(() => arrange(learners.values(), wishes, contents, nameOf), [learners, wishes, contents, nameOf]);
  const shown = lines.filter((line) => line.kind === "learner").length;
  const asking = [...learners.values()].filter(({ help }) => help).map(({ enrollment }) => enrollment);
  const { data: calls } = useQuery(callsQuery(slug, asking.sort()));
  const needOf = ({ enrollment, help }: WatchedLearner): string | undefined =>
    help && !areNamesHidden ? calls?.get(enrollment) : undefined;
  return (
    <>
      {learners.size === 0 ? (
        <Message title="Nobody is here just now">As soon as a learner opens a content of this course, they are here.</Message>
      ) : (
        <Section title="Who is here" lead={shown === learners.size ? learnersWords(shown) : `${shown} of ${learnersWords(learners.size)}`}>
          <Fold title="Search, filter and sort">
            <Controls wishes={wishes} onChange={setWishes} />
          </Fold>
          <VisuallyHidden role="status">
            {wishes.search !== "" || wishes.state !== "all" ? `${learnersWords(shown)} shown` : ""}
          </VisuallyHidden>
          {shown === 0 ? (
            <Text c="dimmed">Nobody who is here now fits that.</Text>
          ) : (
            <Lines
              lines={lines}
              lesson={lesson}
              count={shown}
              nameOf={nameOf}
              needOf={needOf}
              onNudge={setNudged}
            />
          )}
        </Section>
      )}
      <NudgeDialog
        enrollment={nudged?.enrollment ?? null}
        name={nudged ? nameOf(nudged) : ""}
        help={nudged ? needOf(nudged) : undefined}
        onClose={() => {
          setNudged(null);
        }}
      />
    </>
  );
}

function Controls({ wishes, onChange }: { wishes: Wishes; onChange: (wishes: Wishes) => void }) {
  return (
    <Group align="flex-end" gap="sm" role="group" aria-label="What the roster shows">
      <TextInput
        type="search"
        label="Search"
        placeholder="A name"
        leftSection={<Icon name="search" size={16} />}
        className={classes.search}
        value={wishes.search}
        onChange={(event) => {
          onChange({ ...wishes, search: event.currentTarget.value });
        }}
      />
      <NativeSelect
        label="Show"
        data={[{ value: "all", label: "Everybody" }, ...STATES.map((value) => ({ value, label: stateWords[value] }))]}
        value={wishes.state}
        onChange={(event) => {
          onChange({ ...wishes, state: event.currentTarget.value as SeenState | "all" });
        }}
      />
      <NativeSelect
        label="Sort by"
        data={Object.entries(SORTS).map(([value, label]) => ({ value, label }))}
        value={wishes.sort}
        onChange={(event) => {
          onChange({ ...wishes, sort: event.currentTarget.value as Sort });
        }}
      />
      <Checkbox
        label="Group by content"
        mb={8}
        checked={wishes.isGrouped}
        onChange={(event) => {
          onChange({ ...wishes, isGrouped: event.currentTarget.checked });
        }}
      />
    </Group>
  );
}

function heightOf(line: Line, rowPx: number): number {
  if (line.kind === "heading") return HEADING_PX;
  return line.learner.help ? rowPx + WORDS_PX : rowPx;
}

/** Where each line ends, in pixels from the top. */
function endsOf(lines: Line[], rowPx: number): number[] {
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + heightOf(line, rowPx));
  return ends;
}

interface LinesProps {
  lines: Line[];
  lesson: Lesson;
  count: number;
  nameOf: (learner: WatchedLearner) => string;
  needOf: (learner: WatchedLearner) => string | undefined;
  onNudge: (learner: WatchedLearner) => void;
}

function Lines({ lines, lesson, count, nameOf, needOf, onNudge }: LinesProps) {
  const now = useNow(1000, useClient().serverNow);
  const isPhone = useMediaQuery("(max-width: 61.99em)");
  const list = useRef<HTMLUListElement>(null);
  const { from, to } = useInSight(list);
  /** Who has the keyboard's focus stays laid out, or it would be lost. */
  const [held, setHeld] = useState<Line["key"] | null>(null);
  const ends = useMemo(() => endsOf(lines, isPhone ? PHONE_ROW_PX : ROW_PX), [lines, isPhone]);
  const first = firstAfter(ends, from);
  const last = firstAfter(ends, to);
  const shown = lines.slice(first, last + 1).map((line, place): [Line, number] => [line, first + place]);
  const heldAt = held === null ? -1 : lines.findIndex(({ key }) => key === held);
  const heldLine = lines[heldAt];
  if (heldLine && (heldAt < first || heldAt > last)) shown[heldAt < first ? "unshift" : "push"]([heldLine, heldAt]);
  return (
    <div>
      <div className={classes.columns} aria-hidden="true">
        <span>Learner</span>
        <span>Engaged</span>
        <span>In focus</span>
        <span>Away</span>
        <span>Progress</span>
        <span>Last 10 minutes</span>
      </div>
      <ul
        ref={list}
        className={classes.list}
        style={{ height: ends.at(-1) }}
        data-testid="roster"
        onBlur={() => {
          setHeld(null);
        }}
      >
        {shown.map(([line, index]) => {
          const top = ends[index - 1] ?? 0;
          const style = { top, height: (ends[index] ?? 0) - top };
          if (line.kind === "heading") {
            return (
              <li key={line.key} className={classes.heading} style={style} data-group={line.key}>
                <h3>{line.title}</h3>
                <span>{learnersWords(line.count)}</span>
              </li>
            );
          }
          const { learner, key } = line;
          return (
            <li
              key={key}
              className={classes.row}
              style={style}
              aria-setsize={count}
              aria-posinset={line.place}
              data-testid="watched"
              data-enrollment={key}
              data-state={learner.state}
              onFocus={() => {
                setHeld(key);
              }}
            >
              <RosterRow
                learner={learner}
                name={nameOf(learner)}
                at={line.at}
                help={needOf(learner)}
                turns={lesson.traceOf(key)}
                now={now}
                onNudge={onNudge}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
