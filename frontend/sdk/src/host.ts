/** What a session needs of its client. */

import type { Platform } from "./platform.js";
import type { Outcome } from "./post.js";
import type { Session } from "./session.js";
import type { SampleStorage } from "./storage.js";
import type { ClientFrame, DeviceType, Posted, Welcome } from "./types.js";

export interface SessionHost {
  readonly platform: Platform;
  readonly storage: SampleStorage;
  readonly deviceType: DeviceType | undefined;
  /** The learner's id; null before the first welcome. */
  readonly userId: number | null;
  /** Null while not online. */
  readonly welcome: Welcome | null;
  /** Not online, since websockets do not get through: the HTTP way is the one to go. */
  readonly isRefused: boolean;
  /** 0: sent. Else: the milliseconds after which to try again; Infinity while not online. */
  send(frame: ClientFrame): number;
  /** `outlivesPage`: the page may be gone before the answer. */
  post(key: string, posted: Posted, outlivesPage: boolean, done: (outcome: Outcome) => void): void;
  /** Brings the page's activity up to this moment, so that what was due before is sampled before. */
  look(): void;
  ended(session: Session): void;
}
