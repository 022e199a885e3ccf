import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, test, vi } from "vitest";

import { InboxButton } from "../src/inbox/InboxButton";
import { Toasts } from "../src/inbox/Toasts";
import { FakeClient, news } from "./fakes";
import { serve, show } from "./render";

const page = (numbers: number[], previous: string | null = null) => ({
  body: {
    count: numbers.length,
    next: null,
    previous,
    results: numbers.map((number) => news(number, "waitlist.joined", `News ${number}`)),
  },
});

function visit(client: FakeClient) {
  show(
    <MemoryRouter>
      <Toasts />
      <InboxButton />
    </MemoryRouter>,
    client,
  );
}

const titles = () => screen.getAllByTestId("notification").map((row) => within(row).getByRole("link").textContent);
const unread = () => screen.getByTestId("inbox-button").dataset.unread;

test("the bell counts, the inbox has the newest first, and opening it marks all of it seen", async () => {
  const client = new FakeClient();
  client.news.set({ head: 3, seen: 1, unread: 2 });
  serve({ "notifications/?page=last": page([1, 2, 3]) });
  visit(client);
  expect(unread()).toBe("2");
  fireEvent.click(screen.getByRole("button", { name: "Inbox, 2 unread" }));
  await screen.findByRole("dialog", { name: "Inbox" });
  await waitFor(() => {
    expect(titles()).toEqual(["News 3", "News 2", "News 1"]);
  });
  expect(client.news.get().seen).toBe(3);
  expect(unread()).toBe("0");
  // What was new stays marked while one reads.
  expect(screen.getAllByText("(new)")).toHaveLength(2);
  expect(screen.getByRole("link", { name: "News 3" }).getAttribute("href")).toBe("/courses/intro");
});

test("what arrives while it is open is on top, and seen", async () => {
  const client = new FakeClient();
  client.news.set({ head: 1, seen: 1 });
  serve({ "notifications/?page=last": page([1]) });
  visit(client);
  fireEvent.click(screen.getByTestId("inbox-button"));
  await screen.findByText("News 1");
  act(() => {
    client.tell(news(2, "waitlist.joined", "News 2"));
  });
  expect(titles()).toEqual(["News 2", "News 1"]);
  await waitFor(() => {
    expect(client.news.get().seen).toBe(2);
  });
});

test("what arrives while it is being read is not lost", async () => {
  const client = new FakeClient();
  client.news.set({ head: 1, seen: 1 });
  const reading: ((answer: Response) => void)[] = [];
  vi.stubGlobal("fetch", () => new Promise<Response>((answer) => reading.push(answer)));
  visit(client);
  fireEvent.click(screen.getByTestId("inbox-button"));
  await waitFor(() => {
    expect(reading).toHaveLength(1);
  });
  serve({ "notifications/?page=last": page([1, 2]) });
  act(() => {
    client.tell(news(2, "waitlist.joined", "News 2"));
  });
  reading[0]?.(Response.json(page([1]).body));
  await screen.findByText("News 1");
  expect(titles()).toEqual(["News 2", "News 1"]);
});

test("earlier ones come when they are asked for", async () => {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const client = new FakeClient();
  client.news.set({ head: 205, seen: 205 });
  serve({
    "notifications/?page=last": page(range(201, 205), "http://site/api/v1/notifications/"),
    "notifications/": page(range(1, 200)),
  });
  visit(client);
  fireEvent.click(screen.getByTestId("inbox-button"));
  // The last page of the server's is short: the one before it fills the first look.
  await screen.findByText("News 186");
  expect(screen.queryByText("News 185")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Show earlier" }));
  expect(screen.getByText("News 185")).toBeDefined();
});

test("an empty inbox says what it is for", async () => {
  serve({ "notifications/?page=last": page([]) });
  visit(new FakeClient());
  fireEvent.click(screen.getByRole("button", { name: "Inbox" }));
  expect(await screen.findByText("Nothing here yet")).toBeDefined();
});

test("what does not wait is shown at once, links to what it is about, and can be closed", async () => {
  const client = new FakeClient();
  serve({});
  visit(client);
  act(() => {
    client.tell(news(1, "waitlist.joined", "You are on the waitlist"));
    client.tell(news(2, "enrollment.requested", "Ana asks for a seat"));
  });
  const toasts = within(screen.getByRole("status", { name: "News" }));
  expect(toasts.getByRole("link", { name: "Ana asks for a seat" }).getAttribute("href")).toBe("/courses/intro/people");
  expect(toasts.queryByText("You are on the waitlist")).toBeNull();
  fireEvent.click(toasts.getByRole("button", { name: "Close this message" }));
  await waitFor(() => {
    expect(toasts.queryByText("Ana asks for a seat")).toBeNull();
  });
});
