/** A page with a client, in a world of its own with a server: what most tests begin with. */

import type { Signals } from "../src/activity.js";
import { StudybeatClient } from "../src/client.js";
import type { LiveSession, SessionState } from "../src/state.js";
import type { SampleStorage } from "../src/storage.js";
import type { ErrorFrame } from "../src/types.js";
import { FakeServer } from "./server.js";
import { World } from "./world.js";

export const LOOKED_AT: Signals = { visible: true, focused: true, playing: false };
export const HIDDEN: Signals = { visible: false, focused: false, playing: false };

export class Page {
  readonly server: FakeServer;
  readonly world: World;
  readonly client: StudybeatClient;

  /** `storage` and `world`: those of a page before it, in the same browser. */
  constructor(seed = 1, storage?: SampleStorage, before?: Page) {
    if (before !== undefined) {
      ({ server: this.server, world: this.world } = before);
      this.client = new StudybeatClient(this.world, { url: "ws://test/ws/", deviceType: "desktop" }, storage);
      return;
    }
    this.server = new FakeServer();
    this.world = new World(this.server, seed);
    this.server.inhabit(this.world);
    this.client = new StudybeatClient(this.world, { url: "ws://test/ws/", deviceType: "desktop" }, storage);
  }

  /** A client in this world that had notifications up to this number before. */
  remembering(notificationsAfter: number): StudybeatClient {
    return new StudybeatClient(this.world, { url: "ws://test/ws/", notificationsAfter });
  }

  /** Looked at, online, and studying. */
  static studying(page = new Page()): { page: Page; session: LiveSession } {
    page.client.signal(LOOKED_AT);
    page.client.start();
    page.world.advance(0);
    const session = page.client.open({ course: "intro", content: 12 });
    page.world.advance(0);
    return { page, session };
  }
}

export function phaseOf({ store }: LiveSession): Pick<SessionState, "phase" | "reason"> {
  const { phase, reason } = store.get();
  return { phase, reason };
}

/** For `server.refusals`: the answer to one frame. */
export function refusal(code: ErrorFrame["code"], fields: Partial<ErrorFrame> = {}): Omit<ErrorFrame, "type" | "ref"> {
  return { code, message: code, ...fields };
}
