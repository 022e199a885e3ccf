import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { expect, test } from "vitest";

import type { CourseDetail } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { CourseIntro } from "../src/course/CourseIntro";
import { Catalogue } from "../src/courses/Catalogue";
import { Toasts } from "../src/inbox/Toasts";
import { CoursePage } from "../src/pages/CoursePage";
import { ana, enrollment, FakeClient, intro, news, outline } from "./fakes";
import { type Answer, serve, show, told } from "./render";

const free: CourseDetail = { ...intro, enrollment: null, can_enroll: { allowed: true, message: "Can enroll" } };
const full: CourseDetail = { ...free, can_enroll: { allowed: false, message: "Course full - can join waitlist" } };
const waiting: CourseDetail = { ...full, waitlist: { position: 3, offer_expires_at: null } };
/** By the server's clock, which is the fake client's: this machine's is long past it. */
const inAnHour = (): string => new Date(new FakeClient().now + 3_599_000).toISOString();
const offered = (): CourseDetail => ({ ...free, waitlist: { position: 0, offer_expires_at: inAnHour() } });
const notEnrolled = { status: 403, body: { code: "not_enrolled", detail: "You are not enrolled in this course." } };

/** What the server holds: `course` is what it answers from now on. */
function server(course: CourseDetail, answers: Record<string, Answer> = {}) {
  return told(
    serve({
      "courses/intro/": { body: course },
      "courses/intro/outline/": course.enrollment?.status === "enrolled" ? { body: outline } : notEnrolled,
      "enrollments/": { body: { count: 0, next: null, previous: null, results: [] } },
      "courses/": { body: { count: 1, next: null, previous: null, results: [course] } },
      ...answers,
    }),
  );
}

function visit(): FakeClient {
  const client = new FakeClient();
  show(
    <UserContext value={ana}>
      <MemoryRouter initialEntries={["/courses/intro"]}>
        <Toasts />
        <Routes>
          <Route path="/courses/:slug" element={<CoursePage />}>
            <Route index element={<CourseIntro />} />
          </Route>
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  return client;
}

const panel = (title: string) => screen.findByRole("heading", { level: 2, name: title });
const button = (name: string) => screen.getByRole("button", { name });

test("a free seat is taken, and the way into the course appears", async () => {
  server(free);
  visit();
  await panel("There is a seat for you");
  const asked = server({ ...intro, enrollment }, { "courses/intro/enroll/": { status: 201, body: enrollment } });
  fireEvent.click(button("Enrol"));
  await panel("You are enrolled");
  expect(await screen.findByRole("link", { name: "Go on" })).toBeDefined();
  expect(asked()).toContain("POST courses/intro/enroll/");
  // The button is gone, and the focus is on what came of it.
  await waitFor(() => {
    expect(document.activeElement?.textContent).toBe("You are enrolled");
  });
});

test("a refusal is a sentence, and the page shows how it stands now", async () => {
  server(free);
  visit();
  await panel("There is a seat for you");
  const refusal = { status: 409, body: { code: "course_full", detail: "All seats of this course are taken.", waitlist: true } };
  server(full, { "courses/intro/enroll/": refusal });
  fireEvent.click(button("Enrol"));
  expect((await screen.findByRole("alert")).textContent).toBe("All seats of this course are taken.");
  await waitFor(() => {
    expect(button("Join the waitlist")).toBeDefined();
  });
});

test("where the instructor decides, a request is made and waits", async () => {
  const ask: CourseDetail = { ...free, enrollment_type: "approval" };
  server(ask);
  visit();
  await panel("Join by request");
  const pending = { ...enrollment, status: "pending" as const };
  server({ ...ask, enrollment: pending }, { "courses/intro/enroll/": { status: 201, body: pending } });
  fireEvent.click(button("Ask for a seat"));
  await panel("Your request waits for an answer");
});

test("an instructor without a name is called by their user name", async () => {
  server({ ...free, enrollment_type: "approval", instructor_name: "" });
  visit();
  await panel("Join by request");
  expect(screen.getByText("ines decides who takes part. Ask for a seat, and you are told the answer.")).toBeDefined();
});

test("a turned down request says why, and may be made again", async () => {
  const rejected = { ...enrollment, status: "rejected" as const, rejection_reason: "Ask again in spring." };
  server({ ...free, enrollment_type: "approval", enrollment: rejected });
  visit();
  await panel("Your request was turned down");
  expect(screen.getByText("The reason given: Ask again in spring.")).toBeDefined();
  expect(button("Ask again")).toBeDefined();
});

test("the position moves by itself, and nothing is read for it", async () => {
  server(waiting);
  const client = visit();
  await panel("You are number 3 in line");
  const asked = server(waiting);
  act(() => {
    client.place("intro", { position: 1, offer_expires_at: null });
  });
  await panel("You are next in line");
  expect(asked()).toEqual([]);
});

test("an offer appears by itself, is told at once, and can be accepted", async () => {
  server(waiting);
  const client = visit();
  await panel("You are number 3 in line");
  server(offered());
  act(() => {
    client.place("intro", { position: 0, offer_expires_at: inAnHour() });
    client.tell(news(1, "waitlist.offer", "A seat in “Intro” is yours"));
  });
  await panel("A seat is kept for you");
  expect(screen.getByTestId("offer-left").textContent).toMatch(/^59:5\d$/);
  expect(screen.getByText("Less than an hour is left to accept the seat.")).toBeDefined();
  expect(within(screen.getByRole("status", { name: "News" })).getByText("A seat in “Intro” is yours")).toBeDefined();

  server({ ...intro, enrollment }, { "courses/intro/waitlist/accept/": { body: enrollment } });
  fireEvent.click(button("Accept the seat"));
  await panel("You are enrolled");
});

test("an offer counts down by the server's clock, whatever the clock here says", async () => {
  server(offered());
  const client = visit();
  await panel("A seat is kept for you");
  expect(screen.getByTestId("offer-left").textContent).toBe("59:59");
  server(full);
  client.now += 3_600_000;
  await panel("All seats are taken");
});

test("letting an offer go is asked about first", async () => {
  server(offered());
  visit();
  await panel("A seat is kept for you");
  fireEvent.click(button("Let it go"));
  const dialog = within(await screen.findByRole("dialog", { name: "Let this seat go?" }));
  const asked = server(full, { "courses/intro/waitlist/decline/": { body: { position: null, offer_expires_at: null } } });
  fireEvent.click(dialog.getByRole("button", { name: "Let it go" }));
  await panel("All seats are taken");
  expect(asked()).toContain("POST courses/intro/waitlist/decline/");
});

test("leaving a course says what happens, and happens only then", async () => {
  server({ ...intro, enrollment });
  visit();
  await panel("You are enrolled");
  const asked = server(free, { "courses/intro/withdraw/": { body: { ...enrollment, status: "withdrawn" } } });
  fireEvent.click(button("Leave the course"));
  const dialog = within(await screen.findByRole("dialog", { name: "Leave “Intro”?" }));
  expect(dialog.getByText(/Your seat is free at once/)).toBeDefined();
  expect(asked()).toEqual([]);
  fireEvent.click(dialog.getByRole("button", { name: "Leave the course" }));
  await panel("There is a seat for you");
  expect(asked()).toContain("POST courses/intro/withdraw/");
});

test("after the connection was away, what may have changed is read anew", async () => {
  server(waiting);
  const client = visit();
  await panel("You are number 3 in line");
  server(offered());
  act(() => {
    client.connection.set({ status: "waiting" });
  });
  act(() => {
    client.connection.set({ status: "online" });
  });
  await panel("A seat is kept for you");
});

test("a card says where one stands, and has the next step", async () => {
  server(full);
  const client = new FakeClient();
  show(
    <UserContext value={ana}>
      <MemoryRouter>
        <Toasts />
        <Catalogue />
      </MemoryRouter>
    </UserContext>,
    client,
  );
  expect((await screen.findByTestId("card-standing")).textContent).toBe("Full, with a waitlist");
  server(waiting, { "courses/intro/waitlist/": { body: waiting.waitlist } });
  fireEvent.click(button("Join the waitlist: Intro"));
  await waitFor(() => {
    expect(screen.getByTestId("card-standing").textContent).toBe("Number 3 in line");
  });
  act(() => {
    client.place("intro", { position: 2, offer_expires_at: null });
  });
  await screen.findByText("Number 2 in line");
});

test("a course's owner is led to its people, also where others need an invitation", async () => {
  server({ ...free, can_enroll: { allowed: false, message: "Restricted course" }, enrollment_type: "restricted" });
  show(
    <UserContext value={{ ...ana, username: "ines" }}>
      <MemoryRouter>
        <Catalogue />
      </MemoryRouter>
    </UserContext>,
    new FakeClient(),
  );
  expect((await screen.findByRole("link", { name: "People in Intro" })).getAttribute("href")).toBe("/courses/intro/people");
  expect(screen.getByTestId("card-standing").textContent).toBe("Your course");
});
