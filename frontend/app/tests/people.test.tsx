import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { expect, test } from "vitest";

import type { Learner, Me, Waiting } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { Toasts } from "../src/inbox/Toasts";
import { PeoplePage } from "../src/pages/PeoplePage";
import { ana, enrollment, FakeClient, intro, news } from "./fakes";
import { type Answer, serve, show, told } from "./render";

const ines: Me = { ...ana, id: 9, username: "ines", first_name: "Ines" };
const asks: Learner = {
  ...enrollment,
  status: "pending",
  student: "ana",
  student_name: "Ana Lima",
  enrolled_on: "2026-01-01T00:00:00Z",
  approval_requested_at: "2026-01-01T00:00:00Z",
  engagement_score: 0.62,
};
const waits: Waiting = {
  id: 7,
  student: "ben",
  student_name: "Ben",
  position: 1,
  priority: 1,
  joined_waitlist: "2026-01-01T00:00:00Z",
  offer_expires_at: null,
};
const list = (...results: unknown[]): Answer => ({ body: { count: results.length, next: null, previous: null, results } });

function server(answers: Record<string, Answer> = {}) {
  return told(
    serve({
      "courses/intro/": { body: { ...intro, enrollment: null } },
      "courses/intro/enrollments/?status=pending": list(),
      "courses/intro/enrollments/?status=enrolled": list(),
      "courses/intro/waitlist/": list(),
      ...answers,
    }),
  );
}

function visit(tab = "", user: Me = ines): FakeClient {
  const client = new FakeClient();
  show(
    <UserContext value={user}>
      <MemoryRouter initialEntries={[`/courses/intro/people${tab}`]}>
        <Toasts />
        <Routes>
          <Route path="/courses/:slug/people" element={<PeoplePage />} />
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  return client;
}

test("a request appears by itself, and is approved", async () => {
  server();
  const client = visit();
  await screen.findByText("Nobody waits for your answer");
  server({ "courses/intro/enrollments/?status=pending": list(asks) });
  act(() => {
    client.tell(news(1, "enrollment.requested", "Ana asks"));
  });
  const approve = await screen.findByRole("button", { name: "Approve Ana Lima" });
  const asked = server({ "enrollments/5/approve/": { body: enrollment } });
  fireEvent.click(approve);
  await screen.findByText("Nobody waits for your answer");
  expect(asked()).toContain("POST enrollments/5/approve/");
});

test("turning somebody down takes a reason", async () => {
  server({ "courses/intro/enrollments/?status=pending": list(asks) });
  visit();
  fireEvent.click(await screen.findByRole("button", { name: "Turn down Ana Lima" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Turn Ana Lima down?" }));
  expect(dialog.getByRole("button", { name: "Turn down" })).toHaveProperty("disabled", true);
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "The group is complete." } });
  const asked = server({ "enrollments/5/reject/": { body: enrollment } });
  fireEvent.click(dialog.getByRole("button", { name: "Turn down" }));
  await screen.findByText("Nobody waits for your answer");
  expect(asked()).toContain('POST enrollments/5/reject/ {"reason":"The group is complete."}');
});

test("a refused decision says why, beside whom it is about", async () => {
  server({
    "courses/intro/enrollments/?status=pending": list(asks),
    "enrollments/5/approve/": { status: 409, body: { code: "course_full", detail: "All seats of this course are taken." } },
  });
  visit();
  fireEvent.click(await screen.findByRole("button", { name: "Approve Ana Lima" }));
  const line = within(screen.getByTestId("person"));
  expect((await line.findByRole("alert")).textContent).toBe("All seats of this course are taken.");
});

test("a priority is changed with a reason", async () => {
  server({ "courses/intro/waitlist/": list(waits) });
  visit("?tab=waitlist");
  fireEvent.click(await screen.findByRole("button", { name: "Change the priority of Ben" }));
  const dialog = within(await screen.findByRole("dialog"));
  fireEvent.change(dialog.getByLabelText("Priority"), { target: { value: "0" } });
  fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "Was here last year." } });
  const asked = server({ "courses/intro/waitlist/": list(waits), "courses/intro/waitlist/7/": { body: waits } });
  fireEvent.click(dialog.getByRole("button", { name: "Change priority" }));
  await waitFor(() => {
    expect(screen.queryByRole("dialog")).toBeNull();
  });
  expect(asked()).toContain('PATCH courses/intro/waitlist/7/ {"priority":0,"reason":"Was here last year."}');
});

test("a list is looked at first, each bad line is named, and a good one is enrolled", async () => {
  const path = "courses/intro/enrollments/import/";
  const lines = [{ line: 2, learner: "ghost", code: "unknown", detail: "Nobody here has the user name ghost." }];
  server({ [path]: { status: 400, body: { code: "import_refused", detail: "line 2: …", lines } } });
  visit("?tab=add");
  fireEvent.change(await screen.findByLabelText("People"), { target: { value: "ana\nghost\n" } });
  fireEvent.click(screen.getByRole("button", { name: "Check the list" }));
  const problems = within(await screen.findByTestId("line-problems"));
  expect(problems.getByRole("row", { name: "2 Nobody here has the user name ghost." })).toBeDefined();

  fireEvent.change(screen.getByLabelText("People"), { target: { value: "ana\nben" } });
  expect(screen.queryByTestId("line-problems")).toBeNull();
  const asked = server({ [path]: { body: { dry_run: true, enrolled: ["ana", "ben"] } } });
  fireEvent.click(screen.getByRole("button", { name: "Check the list" }));
  expect(await screen.findByText("Nobody is enrolled yet.")).toBeDefined();
  expect(asked()).toContain(`POST ${path} {"learners":["ana","ben"],"dry_run":true}`);
  server({ [path]: { body: { dry_run: false, enrolled: ["ana", "ben"] } } });
  fireEvent.click(screen.getByRole("button", { name: "Enrol 2 people" }));
  expect(await screen.findByText("2 people enrolled")).toBeDefined();
  expect(screen.getByLabelText("People")).toHaveProperty("value", "");
});

test("a certificate is revoked for a reason, and its line has none any more", async () => {
  const learner: Learner = { ...asks, status: "completed", certificate: "abc_-9" };
  const completed = "courses/intro/enrollments/?status=completed";
  server({ [completed]: list(learner) });
  visit("?tab=learners");
  fireEvent.click(await screen.findByLabelText("Completed"));
  expect((await screen.findByLabelText("Certificate of Ana Lima")).getAttribute("href")).toBe("/certificates/abc_-9");
  fireEvent.click(screen.getByRole("button", { name: "Revoke the certificate of Ana Lima" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Revoke the certificate of Ana Lima?" }));
  fireEvent.change(dialog.getByLabelText("Reason (if you like)"), { target: { value: "Not their work." } });
  const asked = server({ [completed]: list({ ...learner, certificate: null }), "certificates/abc_-9/revoke/": { body: {} } });
  fireEvent.click(dialog.getByRole("button", { name: "Revoke" }));
  await waitFor(() => {
    expect(screen.queryByLabelText("Certificate of Ana Lima")).toBeNull();
  });
  expect(asked()).toEqual(['POST certificates/abc_-9/revoke/ {"reason":"Not their work."}']);
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("for a learner there is no such page", async () => {
  server();
  visit("", ana);
  expect(await screen.findByText("There is no such page")).toBeDefined();
});
