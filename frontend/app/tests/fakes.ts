import type {
  Acked,
  ConnectionState,
  HelpState,
  CourseProgress,
  Keeping,
  LiveSession,
  LiveWatch,
  NewsState,
  NudgeOutcome,
  NotificationFrame,
  Played,
  ProgressState,
  Readable,
  SessionState,
  SessionTarget,
  WaitlistPlace,
  WatchedLearner,
  WatchState,
} from "@studybeat/sdk";

import type { CourseDetail, Enrollment, Me, Outline } from "../src/api/types";
import type { LiveClient } from "../src/live/client";

class FakeStore<T extends object> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  readonly get = (): T => this.#value;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(fields: Partial<T>): void {
    this.#value = { ...this.#value, ...fields };
    for (const listener of this.#listeners) listener();
  }
}

export const nothing: Acked = {
  seq: 0,
  duration_ms: 0,
  focus_ms: 0,
  engaged_ms: 0,
  idle_ms: 0,
  unknown_ms: 0,
  interactions: 0,
};

/** A session that a test plays the server of. */
export class FakeSession implements LiveSession {
  isClosed = false;
  readonly store = new FakeStore<SessionState>({
    key: crypto.randomUUID(),
    session: 1,
    phase: "live",
    activity: "engaged",
    acked: nothing,
    pending: 0,
    full: false,
    reason: null,
  });

  readonly target: SessionTarget;

  constructor(target: SessionTarget) {
    this.target = target;
  }

  readonly close = (): void => {
    this.isClosed = true;
  };
}

/** A watch that a test plays the server of. */
export class FakeWatch implements LiveWatch {
  isStopped = false;
  readonly store = new FakeStore<WatchState>({
    phase: "starting",
    learners: new Map(),
    counts: { engaged: 0, focus: 0, idle: 0, silent: 0, help: 0 },
    isAnonymous: false,
    error: null,
  });

  readonly course: string;

  constructor(course: string) {
    this.course = course;
  }

  readonly stop = (): void => {
    this.isStopped = true;
  };

  /** These are there now. */
  show(...learners: WatchedLearner[]): void {
    const count = (state: WatchedLearner["state"]): number => learners.filter((one) => one.state === state).length;
    this.store.set({
      phase: "live",
      learners: new Map(learners.map((one) => [one.enrollment, one])),
      counts: {
        engaged: count("engaged"),
        focus: count("focus"),
        idle: count("idle"),
        silent: count("silent"),
        help: learners.filter((one) => one.help).length,
      },
    });
  }
}

/** A client that opens sessions nowhere, and remembers them. */
export class FakeClient implements LiveClient {
  readonly sessions: FakeSession[] = [];
  readonly connection = new FakeStore<ConnectionState>({
    status: "online",
    code: null,
    reconnectAt: null,
    user: null,
  });

  readonly keeping = new FakeStore<Keeping>({ survives: true });
  readonly news = new FakeStore<NewsState>({ head: 0, seen: 0, unread: 0, gap: false, latest: [], places: {} });

  readonly progress = new FakeStore<ProgressState>({ courses: {}, asked: {} });
  /** What the page said was consumed: a content, an item, and what was played of it. */
  readonly heard: [number, number, Played[]][] = [];

  readonly watches: FakeWatch[] = [];
  readonly help = new FakeStore<HelpState>({ sessions: {} });
  /** What was said to whom, and what comes of it. */
  readonly nudges: [number, string][] = [];
  outcome: NudgeOutcome = { kind: "told" };
  /** The server's clock. */
  now = Date.parse("2026-01-01T10:00:00Z");

  readonly serverNow = (): number => this.now;
  readonly watch = (course: string): FakeWatch => {
    const watch = new FakeWatch(course);
    this.watches.push(watch);
    return watch;
  };

  readonly nudge = (enrollment: number, text: string): Promise<NudgeOutcome> => {
    this.nudges.push([enrollment, text]);
    return Promise.resolve(this.outcome);
  };

  readonly raiseHelp = (session: number, text: string): void => {
    this.calls.push(text);
    this.help.set({ sessions: { [session]: { isRaised: true, isKnown: false, error: null } } });
  };

  readonly clearHelp = (session: number): void => {
    this.help.set({ sessions: { [session]: { isRaised: false, isKnown: false, error: null } } });
  };

  /** What was asked for help with. */
  readonly calls: string[] = [];

  readonly start = (): void => undefined;
  readonly stop = (): void => undefined;
  readonly open = (target: SessionTarget): FakeSession => {
    const session = new FakeSession(target);
    this.sessions.push(session);
    return session;
  };

  readonly see = (seen: number): void => {
    this.news.set({ seen, unread: this.news.get().head - seen });
  };

  readonly caughtUp = (): void => {
    this.news.set({ gap: false });
  };

  readonly complete = (content: number): void => {
    this.progress.set({ asked: { ...this.progress.get().asked, [content]: null } });
  };

  readonly consumed = (content: number, item: number, played: readonly Played[] = []): void => {
    this.heard.push([content, item, [...played]]);
  };

  /** The server says how far the learner is in the course now. */
  move(fields: Partial<CourseProgress>): void {
    const { courses } = this.progress.get();
    const before = { enrollment: 5, revision: 5, percent: 50, status: "enrolled", content: 12, completed: [12], modules: { 1: 100 } };
    this.progress.set({ courses: { ...courses, intro: { ...before, ...fields } }, asked: {} });
  }

  /** The server sends this. */
  tell(notification: NotificationFrame): void {
    const { latest, seen } = this.news.get();
    const { number } = notification;
    this.news.set({ latest: [...latest, notification], head: number, unread: number - seen });
  }

  /** The server says where the learner stands in a queue now. */
  place(course: string, place: WaitlistPlace | null): void {
    this.news.set({ places: { ...this.news.get().places, [course]: place } });
  }

  /** The contents whose sessions are open now. */
  get openContents(): (number | undefined)[] {
    return this.sessions.filter((session) => !session.isClosed).map((session) => session.target.content);
  }
}

export const news = (number: number, kind: NotificationFrame["kind"], title: string): NotificationFrame => ({
  type: "notification",
  number,
  kind,
  created_at: "2026-01-01T00:00:00Z",
  title,
  body: "",
  data: { course: "intro", course_title: "Intro" },
});

export const ana: Me = {
  id: 1,
  username: "ana",
  first_name: "Ana",
  last_name: "Lima",
  is_staff: false,
  email: "ana@example.org",
  email_verified: false,
  avatar: null,
  bio: "",
  email_notifications: true,
  weekly_digest: true,
  timezone: "Europe/Lisbon",
  language: "en",
  student_profile: { goal: "" },
};

export const enrollment: Enrollment = {
  id: 5,
  course: "intro",
  course_title: "Intro",
  status: "enrolled",
  progress_percentage: 25,
  progress_revision: 4,
  certificate: null,
  total_time_spent_seconds: 4980,
  rejection_reason: "",
};

export const intro: CourseDetail = {
  id: 1,
  title: "Intro",
  slug: "intro",
  overview: "What attention is.",
  difficulty_level: "beginner",
  estimated_hours: 3,
  enrollment_count: 12,
  can_enroll: { allowed: false, message: "Already enrolled" },
  instructor_name: "Ines Duarte",
  enrollment_type: "open",
  waitlist: null,
  is_anonymous: false,
  watched_by: "Ines Duarte",
  owner: "ines",
  enrollment,
};

export const outline: Outline = {
  course: "intro",
  enrollment,
  modules: [
    {
      id: 1,
      title: "First steps",
      overview: "",
      percent: 50,
      contents: [
        {
          id: 11,
          title: "Welcome",
          completion_method: "manual",
          required_seconds: null,
          completed: true,
          items: [{ id: 1, kind: "text", title: "", body: "Hello **you**." }],
        },
        { id: 12, title: "Attention", completion_method: "manual", required_seconds: null, completed: false, items: [] },
      ],
    },
  ],
};
