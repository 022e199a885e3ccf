import "uplot/dist/uPlot.min.css";

import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

import { timeOfDay } from "../time";
import { type Point, type SeenState, STATES } from "./lesson";
import { stateWords } from "./words";

const HEIGHT = 180;
/** Until it is laid out. */
const WIDTH = 640;
const SHORTEST_SECONDS = 5 * 60;
const FEWEST = 4;
/** A band lower than this has no room for its name. */
const NAMED_PX = 14;
/** Room for the names. */
const NAMES_PX = 66;
/** Between the lines of the plot. */
const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120];
const VARIABLES: Record<SeenState, string> = {
  engaged: "--sb-engaged",
  focus: "--sb-focus",
  idle: "--sb-away",
  silent: "--sb-unknown",
};

const color = (variable: string): string => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

/** A line of the plot for each state: how many are in that one or in one before it. */
function stacked(points: readonly Point[], now: number): uPlot.AlignedData {
  const last = points.at(-1);
  const all = last && last.at < now ? [...points, { ...last, at: now }] : points;
  const upTo = (index: number): (number | null)[] =>
    all.map(({ counts }) => counts && STATES.slice(0, index + 1).reduce((sum, state) => sum + counts[state], 0));
  // The widest is drawn first, and what is part of it over it.
  return [all.map(({ at }) => at / 1000), ...STATES.map((_, index) => upTo(index)).reverse()];
}

/** Writes beside its end what each band is, where it is high enough: colour alone says it to nobody. */
function nameBands(plot: uPlot): void {
  const { ctx, data, bbox } = plot;
  ctx.save();
  ctx.font = `${12 * devicePixelRatio}px sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = color("--mantine-color-text");
  let below = plot.valToPos(0, "y", true);
  STATES.forEach((state, index) => {
    const top = plot.valToPos(data[STATES.length - index]?.at(-1) ?? 0, "y", true);
    if (below - top >= NAMED_PX * devicePixelRatio) {
      ctx.fillText(stateWords[state], bbox.left + bbox.width + 6 * devicePixelRatio, (below + top) / 2);
    }
    below = top;
  });
  ctx.restore();
}

function options(width: number): uPlot.Options {
  const words = color("--mantine-color-dimmed");
  const axis = { stroke: words, grid: { stroke: color("--mantine-color-default-border"), width: 1 }, ticks: { show: false } };
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [null, NAMES_PX, null, null],
    hooks: { draw: [nameBands] },
    scales: {
      // Before there is anything to plot, `to` is no number.
      x: { range: (_, from, to) => (Number.isFinite(to) ? [Math.min(from, to - SHORTEST_SECONDS), to] : [0, 1]) },
      y: { range: (_, _from, to) => [0, Math.max(FEWEST, Math.ceil(to * 1.05))] },
    },
    axes: [
      { ...axis, size: 28, space: 64, incrs: MINUTES.map((minutes) => minutes * 60), values: (_, splits) => splits.map((seconds) => timeOfDay(seconds * 1000)) },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
    ],
    series: [
      {},
      ...STATES.toReversed().map((state) => ({
        fill: color(VARIABLES[state]),
        stroke: color("--sb-card"),
        width: 1,
        points: { show: false },
        ...(paths && { paths }),
      })),
    ],
  };
}

/** How many were in each state, one above the other, since the page began to watch. */
export default function PulsePlot({ points, now, label }: { points: readonly Point[]; now: number; label: string }) {
  const scheme = useComputedColorScheme();
  const { ref: box, width: measured } = useElementSize();
  const width = measured || WIDTH;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    if (!place.current) return undefined;
    const made = new uPlot(options(WIDTH), [[], [], [], [], []], place.current);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [scheme]);
  useEffect(() => {
    plot.current?.setSize({ width, height: HEIGHT });
  }, [width, scheme]);
  useEffect(() => {
    plot.current?.setData(stacked(points, now));
  }, [points, now, scheme]);
  return (
    <div ref={box} role="img" aria-label={label}>
      <div ref={place} />
    </div>
  );
}
