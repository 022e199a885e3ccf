import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { expect, test } from "vitest";

import type { Me } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { Toasts } from "../src/inbox/Toasts";
import { LivePage } from "../src/pages/LivePage";
import { ana, FakeClient, type FakeWatch, intro, news, outline } from "./fakes";
import { serve, show, told } from "./render";
import { learner } from "./watched";

const ines: Me = { ...ana, id: 9, username: "ines", first_name: "Ines" };

async function visit({ path = "/courses/intro/live", client = new FakeClient() } = {}) {
  const calls = serve({
    "courses/intro/": { body: { ...intro, enrollment: null } },
    "courses/intro/outline/": { body: { ...outline, enrollment: null } },
    "courses/intro/calls/": { body: [{ enrollment: 6, text: "I am lost" }] },
  });
  show(
    <UserContext value={ines}>
      <MemoryRouter initialEntries={[path]}>
        <Toasts />
        <Routes>
          <Route path="/courses/:slug/live" element={<LivePage />} />
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  await screen.findByRole("heading", { level: 1, name: "Live" });
  const watch = (): FakeWatch => {
    const last = client.watches.at(-1);
    if (!last) throw new Error("Nothing is watched yet.");
    return last;
  };
  await waitFor(watch);
  return { client, watch: watch(), said: told(calls) };
}

const rows = (): HTMLElement[] => screen.queryAllByTestId("watched");
const names = (): (string | null)[] => rows().map((row) => within(row).getByRole("heading", { level: 4 }).textContent);
const headings = (): (string | null)[] =>
  within(screen.getByTestId("roster")).getAllByRole("heading", { level: 3 }).map((heading) => heading.textContent);

test("who is here, grouped by where, each with state and since when, times, progress and device", async () => {
  const { watch } = await visit();
  act(() => {
    watch.show(learner(5), learner(6, { state: "idle", content: 12, device_type: "mobile" }));
  });
  expect(headings()).toEqual(["Welcome", "Attention"]);
  const [first, second] = rows();
  expect(first?.textContent).toContain("Engaged for 2:00");
  expect(first?.textContent).toContain("on a computer");
  expect(first?.textContent).toContain("25 %");
  expect(second?.textContent).toContain("Away for 2:00");
  expect(second?.textContent).toContain("on a phone");
  expect(second?.textContent).toContain("In the last ten minutes: away 2 min");
  expect(second?.getAttribute("aria-setsize")).toBe("2");
  expect(second?.getAttribute("aria-posinset")).toBe("2");
  expect(screen.getByTestId("count-engaged").textContent).toBe("1");
  expect(screen.getByTestId("count-idle").textContent).toBe("1");
  expect(screen.getAllByRole("rowheader", { hidden: true }).map(({ textContent }) => textContent)).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d$/),
  ]);
});

test("times count on by themselves", async () => {
  const { client, watch } = await visit();
  act(() => {
    watch.show(learner(5));
  });
  const ms = (name: string) => Number(screen.getByTestId(`watched-${name}`).dataset.ms);
  expect([ms("engaged"), ms("focus"), ms("idle")]).toEqual([70_000, 130_000, 30_000]);
  client.now += 5_000;
  await waitFor(() => {
    expect([ms("engaged"), ms("focus"), ms("idle")]).toEqual([75_000, 135_000, 30_000]);
  });
});

test("of five thousand learners only those in sight are laid out, and all are counted", async () => {
  const { watch } = await visit();
  act(() => {
    watch.show(...Array.from({ length: 5000 }, (_, index) => learner(index + 1)));
  });
  expect(screen.getByText("5000 learners", { selector: "p" })).toBeDefined();
  expect(rows().length).toBeGreaterThan(10);
  expect(rows().length).toBeLessThan(60);
  expect(Number.parseInt(screen.getByTestId("roster").style.height)).toBeGreaterThan(5000 * 60);
});

test("searched, filtered and not grouped", async () => {
  const { watch } = await visit();
  act(() => {
    watch.show(learner(5), learner(6, { state: "silent", content: 12 }), learner(17, { state: "silent" }));
  });
  fireEvent.change(screen.getByLabelText("Show"), { target: { value: "silent" } });
  expect(names()).toEqual(["Learner of 17", "Learner of 6"]);
  expect(screen.getByText("2 of 3 learners")).toBeDefined();
  fireEvent.change(screen.getByLabelText("Search"), { target: { value: "17" } });
  expect(names()).toEqual(["Learner of 17"]);
  fireEvent.click(screen.getByLabelText("Group by content"));
  expect(rows()[0]?.textContent).toContain("at Welcome");
  fireEvent.change(screen.getByLabelText("Search"), { target: { value: "nobody" } });
  expect(screen.getByText("Nobody who is here now fits that.")).toBeDefined();
});

test("who asks for help is on top, with where they are and what they wrote, and is no toast here", async () => {
  const client = new FakeClient();
  const { watch } = await visit({ client });
  act(() => {
    client.tell(news(1, "help.requested", "Learner of 6 asks for help"));
    watch.show(learner(5), learner(6, { help: true }));
  });
  expect(names()).toEqual(["Learner of 6Needs help", "Learner of 5"]);
  expect(await screen.findByText("I am lost")).toBeDefined();
  expect(rows()[0]?.textContent).toContain("at Welcome");
  expect(screen.getByText("I am lost").closest("p")?.textContent).toBe("I am lost");
  expect(rows().map(({ style }) => style.height)).toEqual(["82px", "60px"]);
  expect(rows()[1]?.textContent).not.toContain("at Welcome");
  expect(within(screen.getByRole("status", { name: "News" })).queryByText(/asks for help/)).toBeNull();
  act(() => {
    watch.show(learner(5), learner(6));
  });
  expect(screen.queryByText("I am lost")).toBeNull();
});

test("a word to a learner, and what came of it", async () => {
  const { client, watch } = await visit();
  act(() => {
    watch.show(learner(5));
  });
  fireEvent.click(screen.getByRole("button", { name: "Nudge Learner of 5" }));
  const dialog = within(await screen.findByRole("dialog", { name: "A word to Learner of 5" }));
  fireEvent.change(dialog.getByLabelText("What to say"), { target: { value: " Try page two " } });
  client.outcome = { kind: "refused", error: { type: "error", ref: "x", code: "rate_limited", message: "Several things just now." } };
  fireEvent.click(dialog.getByRole("button", { name: "Send" }));
  expect((await dialog.findByRole("alert")).textContent).toBe("Several things just now.");
  client.outcome = { kind: "unknown" };
  fireEvent.click(dialog.getByRole("button", { name: "Send" }));
  expect(await dialog.findByText(/it may have arrived, or not/)).toBeDefined();
  client.outcome = { kind: "told" };
  fireEvent.click(dialog.getByRole("button", { name: "Send" }));
  expect(await dialog.findByText("Learner of 5 has your word now.")).toBeDefined();
  expect(client.nudges).toEqual(Array(3).fill([5, "Try page two"]));
});

test("a word that is being written stays when the last learner leaves", async () => {
  const { watch } = await visit();
  act(() => {
    watch.show(learner(5));
  });
  fireEvent.click(screen.getByRole("button", { name: "Nudge Learner of 5" }));
  fireEvent.change(await screen.findByLabelText("What to say"), { target: { value: "Try page two" } });
  act(() => {
    watch.show();
  });
  expect(screen.getByText("Nobody is here just now")).toBeDefined();
  expect(screen.getByLabelText("What to say")).toHaveProperty("value", "Try page two");
});

test("names can be hidden, by the page's address", async () => {
  const { watch } = await visit({ path: "/courses/intro/live?names=hidden" });
  act(() => {
    watch.show(learner(7), learner(5, { help: true }));
  });
  expect(names()).toEqual(["Learner 2Needs help", "Learner 1"]);
  expect(screen.queryByText(/Learner of/)).toBeNull();
  fireEvent.click(screen.getByRole("switch", { name: /Hide names/ }));
  expect(names()).toEqual(["Learner of 5Needs help", "Learner of 7"]);
});

test("anonymous it shows how many, and not who; its owner decides", async () => {
  const { watch, said } = await visit();
  act(() => {
    watch.show();
    watch.store.set({ isAnonymous: true, counts: { engaged: 3, focus: 2, idle: 1, silent: 0, help: 1 } });
  });
  expect(screen.getByTestId("count-engaged").textContent).toBe("3");
  expect(screen.getByText("This course is watched anonymously")).toBeDefined();
  expect(screen.getAllByText(/1 learner asking for help/)).toBeDefined();
  expect(screen.queryByTestId("roster")).toBeNull();
  fireEvent.click(screen.getByRole("switch", { name: /Watch anonymously/ }));
  await waitFor(() => {
    expect(said()).toEqual(['PATCH courses/intro/ {"is_anonymous":true}']);
  });
});

test("nobody here, not connected, and no longer allowed, each in a sentence", async () => {
  const { client, watch } = await visit();
  act(() => {
    watch.show();
  });
  expect(screen.getByText("Nobody is here just now")).toBeDefined();
  act(() => {
    watch.show(learner(5));
    watch.store.set({ phase: "stale" });
  });
  expect(screen.getByTestId("watch-stale").textContent).toContain("This is how it was last seen");
  expect(rows()).toHaveLength(1);
  act(() => {
    client.connection.set({ status: "http" });
  });
  expect(screen.getByTestId("watch-stale").textContent).toContain("without one nobody can be watched");
  act(() => {
    const error = { type: "error", ref: "watch.1", code: "forbidden", message: "Only the owner may watch it." } as const;
    watch.store.set({ phase: "ended", error });
  });
  expect(screen.getByTestId("watch-ended").textContent).toContain("Only the owner may watch it.");
  expect(rows()).toHaveLength(0);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => {
    expect(client.watches.at(-1)).not.toBe(watch);
  });
  expect(client.watches.filter((one) => !one.isStopped)).toHaveLength(1);
});

test("for who does not own the course there is no such page, and nothing is watched", async () => {
  const client = new FakeClient();
  serve({ "courses/intro/": { body: intro } });
  show(
    <UserContext value={ana}>
      <MemoryRouter initialEntries={["/courses/intro/live"]}>
        <Routes>
          <Route path="/courses/:slug/live" element={<LivePage />} />
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  expect(await screen.findByRole("heading", { level: 1, name: "There is no such page" })).toBeDefined();
  expect(client.watches).toEqual([]);
});
