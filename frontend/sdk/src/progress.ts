/**
 * The learner's progress: where each course stands by its newest revision, and what the page says is done.
 *
 * Owns what a page sees of both. Frames may come late or twice: lower revisions are dropped. What is to be completed
 * is asked again until the server answers, also over a lost connection, since saying it twice changes nothing: the
 * answer is the new progress, or a refusal.
 */

import { Agenda } from "./agenda.js";
import { PAUSE_MS } from "./budget.js";
import type { Platform } from "./platform.js";
import type { CourseProgress, ProgressState } from "./state.js";
import { Store } from "./store.js";
import type { ClientFrame, ErrorFrame, ProgressUpdated } from "./types.js";

/** No answer for this long: ask again. */
const ANSWER_WITHIN_MS = 20_000;
const REF = "complete.";

const NOTHING: ProgressState = { courses: {}, asked: {} };
const NONE: Pick<CourseProgress, "completed" | "modules"> = { completed: [], modules: {} };

export class Progress {
  readonly store = new Store<ProgressState>(NOTHING);
  readonly #agenda: Agenda;

  /** `send` as the connection's. */
  constructor(platform: Platform, send: (frame: ClientFrame) => number) {
    this.#agenda = new Agenda(platform, (content) => {
      return send({ type: "content.complete", ref: `${REF}${content}`, content }) || ANSWER_WITHIN_MS;
    });
  }

  /** Somebody else is signed in: nothing of what was here is theirs. */
  forget(): void {
    this.#agenda.clear();
    this.store.set(NOTHING);
  }

  online(): void {
    for (const [content, answer] of Object.entries(this.store.get().asked)) {
      if (answer === null) this.#agenda.set(Number(content), 0);
    }
  }

  came(frame: ProgressUpdated): void {
    const { courses } = this.store.get();
    const before = courses[frame.course];
    if (frame.content !== null && frame.content_completed) this.#answered(frame.content);
    if (before?.enrollment === frame.enrollment && before.revision >= frame.revision) return;
    this.store.set({ courses: { ...courses, [frame.course]: after(before, frame) } });
  }

  /** The learner says that this content is done; told to the server now, or when it is there again. */
  complete(content: number): void {
    const { asked } = this.store.get();
    if (asked[content] === null) return;
    this.store.set({ asked: { ...asked, [content]: null } });
    this.#agenda.set(content, 0);
  }

  /** Whether this error answers something that was to be completed. */
  refused(error: ErrorFrame): boolean {
    if (!error.ref?.startsWith(REF)) return false;
    const content = Number(error.ref.slice(REF.length));
    const { asked } = this.store.get();
    if (asked[content] !== null) return true;
    if (error.code === "rate_limited") {
      this.#agenda.set(content, error.retry_after_ms ?? PAUSE_MS);
    } else {
      this.#agenda.delete(content);
      this.store.set({ asked: { ...asked, [content]: error } });
    }
    return true;
  }

  #answered(content: number): void {
    const { [content]: answer, ...asked } = this.store.get().asked;
    if (answer === undefined) return;
    this.#agenda.delete(content);
    this.store.set({ asked });
  }
}

/** The course as it stands with this frame, which is newer. */
function after(before: CourseProgress | undefined, frame: ProgressUpdated): CourseProgress {
  const { enrollment, revision, content, module, module_percent, course_percent, status } = frame;
  const { completed, modules } = before?.enrollment === enrollment ? before : NONE;
  const isNew = content !== null && frame.content_completed === true && !completed.includes(content);
  return {
    enrollment,
    revision,
    percent: course_percent,
    status,
    content,
    completed: isNew ? [...completed, content] : completed,
    // What names no module may have changed any.
    modules: module === null || module_percent === null ? {} : { ...modules, [module]: module_percent },
  };
}
