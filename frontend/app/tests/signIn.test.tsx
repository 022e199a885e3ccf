import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import { App } from "../src/App";
import { ana, enrollment, FakeClient } from "./fakes";
import { serve } from "./render";

vi.mock("@studybeat/sdk/browser", () => ({ browserClient: () => new FakeClient() }));

const signedOut = { status: 401, body: { code: "not_authenticated", detail: "Sign in first." } };
const wrong = { status: 401, body: { code: "not_authenticated", detail: "Wrong user name or password." } };
const enrollments = { body: { count: 1, next: null, previous: null, results: [enrollment] } };
const courses = { body: { count: 0, next: null, previous: null, results: [] } };

beforeEach(() => {
  history.replaceState(null, "", "/");
});

async function enter(password: string) {
  fireEvent.change(await screen.findByLabelText("User name"), { target: { value: "ana" } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: password } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

test("a wrong password is refused in the server's words; the right one leads to the courses", async () => {
  serve({ "me/": signedOut, "login/": wrong });
  render(<App />);
  await enter("guess");
  expect((await screen.findByRole("alert")).textContent).toBe("Wrong user name or password.");
  expect(screen.getByLabelText("Password")).toHaveProperty("value", "");

  serve({ "login/": { body: ana }, "enrollments/": enrollments, "courses/": courses });
  await enter("studybeat");
  expect(await screen.findByRole("heading", { level: 1, name: "Hello, Ana" })).toBeDefined();
  expect(await screen.findByRole("link", { name: "Intro" })).toBeDefined();
  expect(screen.getByText("1 h 23 min")).toBeDefined();
  expect(document.title).toBe("Courses · Studybeat");
});

test("when the sign-in has run out, any answer leads to the sign-in page, and from there back", async () => {
  history.replaceState(null, "", "/courses/intro/live?names=hidden");
  serve({ "me/": { body: ana }, "courses/intro/": signedOut, "courses/intro/outline/": signedOut });
  render(<App />);
  expect(await screen.findByText("Sign in to go on where you were.")).toBeDefined();
  serve({ "login/": { body: ana } });
  await enter("studybeat");
  await waitFor(() => {
    // With the query: on a projector names stay hidden.
    expect(location.pathname + location.search).toBe("/courses/intro/live?names=hidden");
  });
});

test("who has signed in on another page need not do it here", async () => {
  serve({ "me/": signedOut });
  render(<App />);
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeDefined();
  serve({ "me/": { body: ana }, "enrollments/": enrollments, "courses/": courses });
  fireEvent(window, new Event("visibilitychange"));
  expect(await screen.findByRole("heading", { level: 1, name: "Hello, Ana" })).toBeDefined();
});
