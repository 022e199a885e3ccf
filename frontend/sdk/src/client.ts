/**
 * The client: one connection, the sessions that use it, and what the page tells about itself.
 *
 * Owns who gets which frame, and the one pulse that looks at the clocks. A platform's adapter (`browser.ts`)
 * tells it of signals and input; a page opens sessions and reads the stores.
 */

import { Activity } from "./activity.js";
import type { Signals } from "./activity.js";
import { Alarm } from "./alarm.js";
import { PAUSE_MS } from "./budget.js";
import { ClockWatch, ServerClock } from "./clock.js";
import { Consumption } from "./consumption.js";
import { drain } from "./drain.js";
import type { SessionHost } from "./host.js";
import type { Platform } from "./platform.js";
import { Poster } from "./post.js";
import { Progress } from "./progress.js";
import { ReachingOut } from "./reaching.js";
import { Session } from "./session.js";
import { Connection } from "./socket.js";
import { News } from "./news.js";
import { MemoryStorage } from "./storage.js";
import type { Keeping, SampleStorage } from "./storage.js";
import type { ConnectionOptions } from "./socket.js";
import type { ConnectionState, HelpState, LiveSession, LiveWatch, NewsState, NudgeOutcome } from "./state.js";
import type { ProgressState, SessionTarget } from "./state.js";
import type { Readable } from "./store.js";
import { IDLE_AFTER_MS } from "./types.js";
import type { ErrorFrame, Played, ServerFrame, Welcome } from "./types.js";
import { Watching } from "./watching.js";

const HIDDEN: Signals = { visible: false, focused: false, playing: false };

export class StudybeatClient {
  readonly #platform: Platform;
  readonly #connection: Connection;
  readonly #activity: Activity;
  readonly #clocks: ClockWatch;
  readonly #pulse: Alarm;
  readonly #host: SessionHost;
  readonly #sessions = new Set<Session>();
  readonly #storage: SampleStorage;
  readonly #news: News;
  readonly #progress: Progress;
  readonly #consumption: Consumption;
  readonly #watching: Watching;
  readonly #reaching: ReachingOut;
  readonly #drain: () => void;
  #opened = 0;
  #serverClock: ServerClock;
  #userId: number | null = null;
  #isAway = false;
  #wasStarted = false;

  /** `storage`: what outlives the page; without one, samples live as long as the client. */
  constructor(platform: Platform, options: ConnectionOptions, storage: SampleStorage = new MemoryStorage()) {
    this.#storage = storage;
    this.#platform = platform;
    this.#clocks = new ClockWatch(platform);
    this.#serverClock = new ServerClock(platform);
    this.#activity = new Activity(IDLE_AFTER_MS, (state, instant) => {
      for (const session of this.#sessions) session.turned(state, instant);
      this.#arm();
    });
    this.#pulse = new Alarm(platform, () => {
      this.#look();
      this.#arm();
    });
    this.#news = new News((frame) => connection.send(frame), options.notificationsAfter ?? null);
    this.#progress = new Progress(platform, (frame) => connection.send(frame));
    this.#consumption = new Consumption(platform, (frame) => connection.send(frame));
    this.#watching = new Watching(platform, (frame) => connection.send(frame));
    this.#reaching = new ReachingOut(platform, (frame) => connection.send(frame));
    const connection = new Connection(platform, options, {
      notificationsAfter: () => this.#news.after,
      online: (welcome) => {
        this.#online(welcome);
      },
      offline: () => {
        this.#consumption.offline();
        this.#watching.offline();
        this.#reaching.offline();
        for (const session of this.#sessions) session.offline();
      },
      refused: () => {
        for (const session of this.#sessions) session.socketless();
        this.#drain();
      },
      awaitedBytes: () => this.#watching.awaitedBytes,
      frame: (frame) => {
        this.#look();
        this.#route(frame);
        this.#arm();
      },
    });
    this.#connection = connection;
    const poster = new Poster(platform, options.url, options.token);
    let isDraining = false;
    this.#drain = () => {
      if (isDraining) return;
      isDraining = true;
      const user = this.#host.userId;
      const done = (): void => {
        isDraining = false;
      };
      drain(storage, user, platform.wall(), (key, posted, answered) => {
        this.#host.post(key, posted, false, answered);
      }).then(done, done);
    };
    this.#host = {
      platform,
      storage,
      deviceType: options.deviceType,
      get userId() {
        return connection.store.get().user?.id ?? null;
      },
      get welcome() {
        return connection.welcome;
      },
      get isRefused() {
        return connection.isRefused;
      },
      send: (frame) => connection.send(frame),
      post: (key, posted, outlivesPage, done) => {
        poster.post(key, posted, outlivesPage, (outcome) => {
          this.#posted(outcome.kind !== "unreachable");
          this.#look();
          done(outcome);
          this.#arm();
        });
      },
      look: () => {
        this.#look();
      },
      ended: (session) => {
        this.#sessions.delete(session);
        this.#reaching.over(session.store.get().session);
      },
    };
  }

  /** Whether samples that are not acknowledged yet survive the page. */
  get keeping(): Readable<Keeping> {
    return this.#storage.keeping;
  }

  /** Whether the server can be reached, and who it says this is. */
  get connection(): Readable<ConnectionState> {
    return this.#connection.store;
  }

  /** Notifications, how far they are seen, and places in waitlists. */
  get news(): Readable<NewsState> {
    return this.#news.store;
  }

  /** The learner has seen every notification up to this number: on all devices, also if this one is offline. */
  readonly see = (number: number): void => {
    this.#news.see(number);
  };

  /** The page has read over REST what was too much to be sent (`news.gap`). */
  readonly caughtUp = (): void => {
    this.#news.caughtUp();
  };

  /** How far the learner is, in each course where that changed while this client was there. */
  get progress(): Readable<ProgressState> {
    return this.#progress.store;
  }

  /** The learner says that this content is done, where that is how it is completed. `progress` has what comes of it. */
  readonly complete = (content: number): void => {
    this.#progress.complete(content);
  };

  /**
   * Of this content, this text was read to its end, this image seen, or these stretches of this video played, in
   * seconds. For contents that complete by that, while they have a session. May be told as often as one likes.
   */
  readonly consumed = (content: number, item: number, played: readonly Played[] = []): void => {
    this.#consumption.consumed(content, item, played);
  };

  /**
   * Watches who learns in a course, for its owner and staff, until it is stopped. A later watch of the same course takes
   * its place.
   */
  readonly watch = (course: string): LiveWatch => this.#watching.watch(course);

  /** The server's time of day, in milliseconds since 1970: for what counts on by itself in a watch. */
  readonly serverNow = (): number => this.#serverClock.now;

  /** Who watches a course has a word for the learner of this enrolment. */
  readonly nudge = (enrollment: number, text: string): Promise<NudgeOutcome> => this.#reaching.nudge(enrollment, text);

  /** In which sessions of this client the learner asks for help. */
  get help(): Readable<HelpState> {
    return this.#reaching.help;
  }

  /** The learner asks for help in this session, by its number: shown to who watches. `help` has what comes of it. */
  readonly raiseHelp = (session: number, text: string): void => {
    this.#reaching.raise(session, text);
  };

  /** The learner needs no help any more. */
  readonly clearHelp = (session: number): void => {
    this.#reaching.clear(session);
  };

  /** Connects, and stays connected as far as the close codes allow. Harmless when it does already. */
  readonly start = (): void => {
    this.#connection.start();
  };

  /**
   * Closes every session with what it has left, then the connection. What did not get through waits for the
   * next `start`, by the same user.
   */
  readonly stop = (): void => {
    this.#consumption.flush();
    for (const session of this.#sessions) session.close();
    this.#connection.stop();
  };

  /**
   * The page is hidden, which may be the last that is heard of it: says over HTTP too what is not acknowledged.
   * Tell it after `signal`.
   */
  readonly lastWords = (): void => {
    if (this.#isAway) return;
    this.#consumption.flush();
    for (const session of this.#sessions) session.lastWords();
  };

  /** The page goes for good: closes every session, by the connection and over HTTP both. */
  readonly leave = (): void => {
    for (const session of this.#sessions) session.close();
    this.lastWords();
    this.#isAway = true;
    this.#connection.stop();
  };

  /** The page is put aside, and may be restored as it is: says its last words, lets the connection go, closes nothing. */
  readonly pause = (): void => {
    this.signal(HIDDEN);
    this.lastWords();
    this.#wasStarted = this.connection.get().status !== "stopped";
    this.#isAway = true;
    this.#connection.stop();
    this.#storage.release();
  };

  /** The page is back: goes on with the same sessions. */
  readonly resume = (): void => {
    this.#isAway = false;
    this.#storage.reclaim();
    if (this.#wasStarted) this.#connection.start();
  };

  /** Begins to record the time spent on this content, from the moment the server answers. */
  readonly open = (target: SessionTarget): LiveSession => {
    this.#look();
    this.#opened += 1;
    const session = new Session(this.#host, `s${this.#opened}`, target, this.#activity.state);
    this.#sessions.add(session);
    const { welcome } = this.#connection;
    if (welcome !== null) session.online(welcome);
    else if (this.#connection.isRefused) session.socketless();
    return session;
  };

  /** The page was seen, focused, or its media started or stopped. May be told as often as one likes. */
  signal(signals: Signals): void {
    this.#activity.signal(signals, this.#look());
    this.#arm();
  }

  /** The learner did something; `isInteraction` when it counts as one (a press, not a mere movement). */
  input(isInteraction: boolean): void {
    const now = this.#look();
    if (isInteraction) for (const session of this.#sessions) session.interacted();
    this.#activity.input(now);
  }

  /**
   * The network may have changed, or the page came back: reconnect now, or see whether the connection still lives,
   * and whether another page has died meanwhile.
   */
  check(): void {
    this.#look();
    this.#connection.check();
    if (["online", "http"].includes(this.connection.get().status)) this.#drain();
  }

  /**
   * Looks at the clocks: what has become due is sampled, and where they parted every session is aligned anew.
   */
  #look(): number {
    const now = this.#platform.monotonic();
    this.#activity.tick(now);
    for (const session of this.#sessions) session.beat(now);
    if (this.#clocks.parted()) {
      for (const session of this.#sessions) session.realign();
      this.#connection.check();
    }
    return now;
  }

  #online(welcome: Welcome): void {
    const now = this.#look();
    if (this.#userId !== null && this.#userId !== welcome.user.id) {
      for (const session of this.#sessions) session.leave("other_user");
      this.#news.forget();
      this.#progress.forget();
      this.#consumption.forget();
      this.#watching.forget();
      this.#reaching.forget();
    }
    this.#userId = welcome.user.id;
    this.#serverClock = new ServerClock(this.#platform);
    this.#serverClock.heard(welcome.server_time);
    this.#news.online(welcome);
    this.#progress.online();
    this.#activity.setIdleAfter(welcome.idle_after_ms, now);
    for (const session of this.#sessions) session.online(welcome);
    this.#consumption.online();
    this.#watching.online();
    this.#reaching.online();
    this.#arm();
    this.#drain();
  }

  /** A post did get through, or it did not. Where there is only the HTTP way, it also is when orphans go. */
  #posted(isReached: boolean): void {
    const before = this.connection.get().status;
    this.#connection.posted(isReached);
    if (before !== "http" && this.connection.get().status === "http") this.#drain();
  }

  #route(frame: ServerFrame): void {
    switch (frame.type) {
      case "session.opened":
        this.#owner(frame.ref)?.opened(frame);
        break;
      case "session.closed":
        this.#owner(frame.ref)?.closed(frame);
        break;
      case "session.ack":
        this.#holder(frame.session)?.acked(frame);
        break;
      case "session.lost":
        this.#holder(frame.session)?.end("lost", frame.reason);
        break;
      case "notification":
        this.#news.came(frame);
        break;
      case "notifications.state":
        this.#news.state(frame);
        break;
      case "waitlist.updated":
        this.#news.moved(frame);
        break;
      case "progress.updated":
        this.#progress.came(frame);
        if (frame.content !== null && frame.content_completed) this.#consumption.forget(frame.content);
        break;
      case "watch.snapshot":
        this.#watching.snapshot(frame);
        break;
      case "watch.delta":
        this.#watching.delta(frame);
        break;
      case "pong":
        this.#serverClock.heard(frame.server_time);
        if (frame.ref !== undefined) this.#reaching.ponged(frame.ref);
        break;
      case "error":
        this.#refused(frame);
        break;
      default: // frames of later versions say nothing to us
    }
  }

  #refused(error: ErrorFrame): void {
    if ([this.#progress, this.#consumption, this.#watching, this.#reaching].some((part) => part.refused(error))) return;
    const session = error.ref === null ? undefined : this.#owner(error.ref);
    if (session !== undefined && error.ref !== null) {
      session.refused(error, error.ref);
    } else if (error.code === "rate_limited") {
      // Nobody knows which frame it was.
      this.#connection.pause(error.retry_after_ms ?? PAUSE_MS);
      for (const each of this.#sessions) each.again();
    }
  }

  /** The session whose frame had this ref. */
  #owner(ref: string): Session | undefined {
    return [...this.#sessions].find((session) => session.owns(ref));
  }

  /** The session with this number. */
  #holder(number: number): Session | undefined {
    return [...this.#sessions].find((session) => session.store.get().session === number);
  }

  #arm(): void {
    const beats = [...this.#sessions].map((session) => session.nextBeat);
    this.#pulse.set(Math.min(this.#activity.nextTurn, ...beats));
  }
}
