import type { WatchedLearner } from "@studybeat/sdk";

/** A learner who is here, engaged since 9:58 by the clock of `FakeClient`. */
export const learner = (enrollment: number, fields: Partial<WatchedLearner> = {}): WatchedLearner => ({
  enrollment,
  user: { id: enrollment, name: `Learner of ${enrollment}` },
  session: 900 + enrollment,
  state: "engaged",
  since: "2026-01-01T09:58:00Z",
  content: 11,
  device_type: "desktop",
  counted_at: "2026-01-01T09:59:50Z",
  focus_ms: 120_000,
  engaged_ms: 60_000,
  idle_ms: 30_000,
  interactions: 4,
  progress: 25.5,
  help: false,
  ...fields,
});
