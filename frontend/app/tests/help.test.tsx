import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, test } from "vitest";

import { Toasts } from "../src/inbox/Toasts";
import { Help } from "../src/watch/Help";
import { Watched } from "../src/watch/Watched";
import { FakeClient, FakeSession, intro, news } from "./fakes";
import { serve, show } from "./render";

function visit() {
  const client = new FakeClient();
  const session = new FakeSession({ course: "intro", content: 11 });
  show(<Help session={session} isAnonymous={false} />, client);
  return { client, session };
}

const raised = (): string | undefined => screen.getByTestId("help").dataset.raised;

test("help is asked for with a line of text, shown while it is up, and taken back", async () => {
  const { client } = visit();
  fireEvent.click(screen.getByRole("button", { name: "I need help" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Ask for help" }));
  fireEvent.change(dialog.getByLabelText("What is it about?"), { target: { value: " I am lost " } });
  fireEvent.click(dialog.getByRole("button", { name: "Ask for help" }));
  expect(client.calls).toEqual(["I am lost"]);
  expect(raised()).toBe("true");
  expect(screen.getByText("Asking for help…")).toBeDefined();
  act(() => {
    client.help.set({ sessions: { 1: { isRaised: true, isKnown: true, error: null } } });
  });
  expect(screen.getByText(/whoever watches the course sees it/)).toBeDefined();
  fireEvent.click(screen.getByRole("button", { name: "I need no help any more" }));
  expect(raised()).toBe("false");
  expect(screen.getByRole("button", { name: "I need help" })).toBeDefined();
});

test("a refusal is said; without a live session there is nothing to ask in", () => {
  const { client, session } = visit();
  act(() => {
    const error = { type: "error", ref: "x", code: "not_found", message: "It is not live." } as const;
    client.help.set({ sessions: { 1: { isRaised: false, isKnown: true, error } } });
  });
  expect(screen.getByRole("alert").textContent).toBe("It is not live.");
  act(() => {
    session.store.set({ phase: "lost", reason: "resumed_elsewhere" });
  });
  expect(screen.queryByTestId("help")).toBeNull();
});

test("a learner is told who watches, and what is recorded", () => {
  const seen = (isAnonymous: boolean) => (
    <MemoryRouter>
      <Watched course={{ ...intro, is_anonymous: isAnonymous }} />
    </MemoryRouter>
  );
  const page = show(seen(false), new FakeClient());
  expect(screen.getByTestId("who-watches").textContent).toContain("Ines Duarte and staff can see live that you are here");
  expect(screen.getByText("How many inputs there were, and never which.")).toBeDefined();
  page.unmount();
  show(seen(true), new FakeClient());
  expect(screen.getByTestId("who-watches").textContent).toContain("how many learn in this course, but not who");
});

test("a nudge comes up at once, and stays until it is put away", async () => {
  serve({});
  const client = new FakeClient();
  show(
    <MemoryRouter>
      <Toasts />
    </MemoryRouter>,
    client,
  );
  act(() => {
    client.tell({ ...news(1, "session.nudge", "A word about “Intro”"), body: "Try page two" });
  });
  const toasts = within(screen.getByRole("status", { name: "News" }));
  expect(toasts.getByText("Try page two")).toBeDefined();
  expect(toasts.getByRole("link", { name: "A word about “Intro”" }).getAttribute("href")).toBe("/courses/intro");
  fireEvent.click(toasts.getByRole("button", { name: "Close this message" }));
  await waitFor(() => {
    expect(toasts.queryByText("Try page two")).toBeNull();
  });
});
