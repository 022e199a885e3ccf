import { act, fireEvent, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { LivePanel } from "../src/live/LivePanel";
import { FakeClient, FakeSession, nothing } from "./fakes";
import { show } from "./render";

function showPanel(begin = () => undefined) {
  const client = new FakeClient();
  const session = new FakeSession({ course: "intro", content: 11 });
  show(<LivePanel session={session} isRecorded begin={begin} />, client);
  return { client, session };
}

const ms = (name: string) => screen.getByTestId(`live-${name}-ms`).dataset.ms;

test("shows the numbers of the last ack, to the millisecond, and nothing else", () => {
  const { client, session } = showPanel();
  act(() => {
    session.store.set({
      acked: { ...nothing, seq: 4, duration_ms: 71_234, focus_ms: 61_234, engaged_ms: 50_001, idle_ms: 10_000 },
      pending: 2,
    });
  });
  expect([ms("focus"), ms("engaged"), ms("idle")]).toEqual(["61234", "50001", "10000"]);
  expect(screen.getByTestId("live-focus-ms").textContent).toBe("1:011 minute 1 second");
  expect(screen.queryByTestId("live-unknown-ms")).toBeNull();
  expect(screen.getByTestId("live-pending").textContent).toBe("2 moments not saved yet");
  act(() => {
    client.keeping.set({ survives: false });
  });
  expect(screen.getByTestId("live-pending").textContent).toBe("2 moments not saved yet: keep this page open");
});

test("says so when the page can keep no more", () => {
  const { session } = showPanel();
  act(() => {
    session.store.set({ pending: 10_000, full: true });
  });
  expect(screen.getByTestId("live-pending").textContent).toContain("until it reconnects, time is not counted");
});

test("until the server has opened it, nothing is called saved", () => {
  const { session } = showPanel();
  act(() => {
    session.store.set({ phase: "opening", session: null });
  });
  const state = screen.getByTestId("live-state");
  expect(state.textContent).toBe("Starting");
  expect(screen.getByTestId("live-pending").textContent).toBe("Not recording yet");
  act(() => {
    session.store.set({ reason: "too_many_sessions" });
  });
  expect(state.textContent).toBe("Waiting");
  expect(screen.getByTestId("live-pending").textContent).toBe("Not recording yet");
  expect(screen.getByText(/begins as soon as another ends/)).toBeTruthy();
  act(() => {
    session.store.set({ phase: "live", reason: null });
  });
  expect(state.textContent).toBe("Engaged");
  expect(screen.getByTestId("live-pending").textContent).toContain("Saved");
});

test("time that nobody knows about is shown as soon as there is some", () => {
  const { session } = showPanel();
  act(() => {
    session.store.set({ acked: { ...nothing, seq: 2, duration_ms: 30_000, unknown_ms: 30_000 } });
  });
  expect(ms("unknown")).toBe("30000");
});

test("says how the connection is: online, reconnecting in so many seconds, stopped and why", () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const { client } = showPanel();
  const connection = screen.getByTestId("live-connection");
  expect(connection.textContent).toBe("Online");
  act(() => {
    client.connection.set({ status: "waiting", code: 1006, reconnectAt: 1_004_000 });
  });
  expect(connection.textContent).toBe("Reconnecting in 4 s");
  act(() => {
    vi.advanceTimersByTime(2_000);
  });
  expect(connection.textContent).toBe("Reconnecting in 2 s");
  // What is said aloud does not count down.
  expect(screen.getByRole("status").textContent).toBe("Reconnecting");
  act(() => {
    client.connection.set({ status: "http", code: null, reconnectAt: null });
  });
  expect(connection.textContent).toBe("Recording without a live connection");
  act(() => {
    client.connection.set({ status: "stopped", code: 4504, reconnectAt: null });
  });
  expect(connection.textContent).toBe("Stopped: too many windows are open");
  vi.useRealTimers();
});

test("a session that ended says so, keeps its numbers, and another can begin", () => {
  const begin = vi.fn();
  const { session } = showPanel(begin);
  act(() => {
    session.store.set({ acked: { ...nothing, seq: 3, focus_ms: 9_000, duration_ms: 9_000 } });
    session.store.set({ phase: "closed", reason: null });
  });
  expect(screen.getByTestId("live-notice").textContent).toContain("This session has ended");
  expect(ms("focus")).toBe("9000");
  fireEvent.click(screen.getByRole("button", { name: "Start a new session" }));
  expect(begin).toHaveBeenCalledOnce();
});

test("where a new session would be refused too, none is offered", () => {
  const { session } = showPanel();
  act(() => {
    session.store.set({ phase: "failed", reason: "not_enrolled" });
  });
  expect(screen.getByTestId("live-notice").textContent).toContain("You are not enrolled");
  expect(screen.queryByRole("button")).toBeNull();
});
