import { beforeEach, describe, expect, test } from "vitest";

import type { ConnectionState } from "../src/state.js";
import { LOOKED_AT, Page } from "./page.js";

let page: Page;

beforeEach(() => {
  page = new Page();
});

function connection(): ConnectionState {
  return page.client.connection.get();
}

function connect(): void {
  page.client.start();
  page.world.advance(0);
}

function sentTypes(): string[] {
  return page.world.link.sent.map(({ type }) => type);
}

test("it says hello first, and is online with the welcome", () => {
  expect(connection()).toEqual({ status: "stopped", code: null, reconnectAt: null, user: null });
  page.world.latencyMs = 50;
  page.client.start();
  expect(connection().status).toBe("connecting");
  page.world.advance(150);
  expect(page.world.link.sent).toEqual([{ type: "hello", device_type: "desktop" }]);
  expect(connection()).toMatchObject({ status: "online", user: { username: "ana" } });
});

test("starting twice makes one connection", () => {
  page.client.start();
  page.client.start();
  page.world.advance(1_000);
  page.client.start();
  expect(page.world.links).toHaveLength(1);
});

test("listeners hear of every change, until they leave", () => {
  const heard: string[] = [];
  const leave = page.client.connection.subscribe(() => heard.push(connection().status));
  connect();
  leave();
  page.client.stop();
  expect(heard).toEqual(["connecting", "online"]);
});

describe("after a close", () => {
  test.each([1000, 1001, 1006, 1011, 1012, 1013, 4001, 4008, 4012, 4499])("with %i it comes back", (code) => {
    connect();
    page.world.link.close(code);
    expect(connection()).toMatchObject({ status: "waiting", code });
    page.world.advance(1_000);
    expect(connection()).toMatchObject({ status: "online", code: null, reconnectAt: null });
    expect(page.world.links).toHaveLength(2);
  });

  test.each([4500, 4501, 4502, 4503, 4504, 4505, 4999])(
    "with %i it does not, unless the page wants it to",
    (code) => {
      connect();
      page.world.link.close(code);
      page.world.advance(3_600_000);
      page.client.check();
      page.world.advance(1_000);
      expect(connection()).toMatchObject({ status: "stopped", code });
      expect(page.world.links).toHaveLength(1);
      connect();
      expect(connection().status).toBe("online");
    },
  );

  test("with 4013 it comes back, but no sooner than in five seconds, and no hint hurries it", () => {
    connect();
    page.world.advance(15_000);
    page.world.link.close(4013);
    page.client.check();
    page.world.advance(4_999);
    expect(page.world.links).toHaveLength(1);
    page.world.advance(5_001);
    expect(connection().status).toBe("online");
  });

  test("that a bye announced it comes back exactly when it was told to", () => {
    connect();
    page.world.link.send({ type: "bye", reconnect_after_ms: 7_300 });
    page.world.advance(0);
    page.world.link.close(4001);
    expect(connection().reconnectAt).toBe(page.world.wall() + 7_300);
    page.client.check();
    page.world.advance(7_299);
    expect(page.world.links).toHaveLength(1);
    page.world.advance(1);
    expect(connection().status).toBe("online");
  });
});

test("waits grow to ten seconds while the server is down, and begin anew after a healthy connection", () => {
  page.world.isNetworkDown = true;
  page.client.start();
  page.world.advance(60_000);
  const attempts = page.world.links.length;
  expect(attempts).toBeGreaterThan(8);
  page.world.advance(600_000);
  expect(page.world.links.length - attempts).toBeLessThan(200); // 5 s on average
  page.world.isNetworkDown = false;
  page.world.advance(20_000);
  expect(connection().status).toBe("online");
  page.world.link.close(1006);
  expect((connection().reconnectAt ?? 0) - page.world.wall()).toBeLessThanOrEqual(1_000);
});

test("a server that welcomes and closes at once does not reset the backoff", () => {
  connect();
  for (let times = 0; times < 10; times += 1) {
    page.world.link.close(1011);
    while (connection().status !== "online") page.world.advance(100);
  }
  const began = page.world.now;
  expect(began).toBeGreaterThan(10_000);
});

test("a hint that the network is back ends a wait", () => {
  page.world.isNetworkDown = true;
  page.client.start();
  page.world.advance(120_000);
  while (connection().status !== "waiting") page.world.advance(1);
  page.world.isNetworkDown = false;
  page.client.check();
  page.world.advance(1);
  expect(connection().status).toBe("online");
});

test("no welcome in fifteen seconds: it tries again", () => {
  page.server.isMute = true;
  page.client.start();
  page.world.advance(15_000);
  expect(connection()).toMatchObject({ status: "waiting", code: 1006 });
  page.server.isMute = false;
  page.world.advance(2_000);
  expect(connection().status).toBe("online");
});

describe("when it is quiet", () => {
  test("it pings often enough to be heard, and stays online", () => {
    connect();
    page.world.advance(600_000);
    expect(connection().status).toBe("online");
    expect(sentTypes().filter((type) => type === "ping").length).toBeGreaterThanOrEqual(29);
    expect(page.world.links).toHaveLength(1);
  });

  test("it does not ping while samples and acks come and go", () => {
    page.client.signal(LOOKED_AT);
    page.client.open({ course: "intro" });
    connect();
    page.world.advance(600_000);
    expect(sentTypes()).not.toContain("ping");
  });

  test("a server that does not answer is dead, whatever the socket says", () => {
    connect();
    page.world.link.losesToClient = true;
    page.world.advance(29_999);
    expect(connection().status).toBe("online");
    page.world.advance(1);
    expect(connection().status).toBe("waiting");
    page.world.advance(1_000);
    expect(connection().status).toBe("online");
  });

  test("after a hint it knows in ten seconds", () => {
    connect();
    page.world.link.losesToServer = true;
    page.client.check();
    page.world.advance(10_000);
    expect(connection().status).toBe("waiting");
  });
});

test("an abandoned socket is not listened to any more", () => {
  connect();
  const abandoned = page.world.link;
  abandoned.losesToServer = true;
  page.client.check();
  page.world.advance(12_000);
  abandoned.isOpen = true;
  abandoned.close(4503);
  expect(connection().status).toBe("online");
});

test("texts that are no frames, and frames of tomorrow, do no harm", () => {
  connect();
  const { link } = page.world;
  for (const odd of [null, 3, "hello", [], {}, { type: "watch.delta" }, { type: "welcome" }])
    link.send(odd as never);
  page.world.advance(0);
  expect(connection().status).toBe("online");
});

test("stopping ends it with 1000 and for good", () => {
  connect();
  page.client.stop();
  page.world.advance(3_600_000);
  expect(connection()).toMatchObject({ status: "stopped", code: null });
  expect(page.world.links).toHaveLength(1);
  expect(page.world.link.isOpen).toBe(false);
});
