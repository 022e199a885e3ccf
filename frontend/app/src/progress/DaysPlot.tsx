import { useElementSize } from "@mantine/hooks";

import type { StudiedDay } from "../api/types";
import { dayOfMonth, roughly, weekday } from "../time";
import classes from "./progress.module.css";
import { lineWords, scaleTo } from "./scale";

const HEIGHT = 220;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 50;
/** Until it is laid out. */
const WIDTH = 640;
/** From the middle of one label to that of the next, at least. */
const LABEL_PX = 80;

/** A day in a sentence: `Tue 5 May: 1 h 2 min in focus, 48 min of it engaged`. */
export function dayWords({ date, focus_seconds, engaged_seconds }: StudiedDay): string {
  const focus = focus_seconds > 0 ? `${roughly(focus_seconds)} in focus, ${roughly(engaged_seconds)} of it engaged` : "no time";
  return `${weekday(date)}: ${focus}`;
}

/** A bar for each day: the time in focus, and from below the engaged part of it. What it shows is in a table beside it. */
export function DaysPlot({ days, label }: { days: StudiedDay[]; label: string }) {
  const { ref, width: measured } = useElementSize();
  const width = Math.max(measured || WIDTH, 240);
  const { top, lines } = scaleTo(Math.max(...days.map((day) => day.focus_seconds)));
  const step = (width - LEFT) / days.length;
  const bar = Math.max(2, Math.min(step * 0.7, 22));
  const weeksALabel = Math.ceil(LABEL_PX / (7 * step));
  const y = (seconds: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - seconds / top);
  const share = (seconds: number, x: number, className: string | undefined) => (
    <rect className={className} x={x} y={y(seconds)} width={bar} height={y(0) - y(seconds)} rx={2} />
  );
  return (
    <div ref={ref}>
      <svg role="img" aria-label={label} width={width} height={HEIGHT} className={classes.plot}>
        {lines.map((line) => (
          <g key={line}>
            <line className={classes.grid} x1={LEFT} x2={width} y1={y(line)} y2={y(line)} />
            <text x={LEFT - 8} y={y(line) + 4} textAnchor="end">
              {lineWords(line)}
            </text>
          </g>
        ))}
        {days.map((day, index) => {
          const x = LEFT + index * step + (step - bar) / 2;
          const isLabelled = (days.length - 1 - index) % (7 * weeksALabel) === 0;
          return (
            <g key={day.date} className={classes.day} data-testid="day" data-date={day.date}>
              <title>{dayWords(day)}</title>
              <rect className={classes.hit} x={LEFT + index * step} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} />
              {share(day.focus_seconds, x, classes.focus)}
              {share(day.engaged_seconds, x, classes.engaged)}
              {isLabelled && (
                <text x={x + bar / 2} y={HEIGHT - 6} textAnchor={index === days.length - 1 ? "end" : "middle"}>
                  {dayOfMonth(day.date)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </div>
  );
}
