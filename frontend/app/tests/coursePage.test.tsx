import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { expect, test } from "vitest";

import type { CourseDetail, Me } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { ContentPage } from "../src/course/ContentPage";
import { CourseIntro } from "../src/course/CourseIntro";
import { CoursePage } from "../src/pages/CoursePage";
import { ana, enrollment, FakeClient, intro, outline } from "./fakes";
import { serve, show } from "./render";

function visit(path: string, { user = ana, course = intro }: { user?: Me; course?: CourseDetail } = {}) {
  const isEnrolled = course.enrollment?.status === "enrolled" || course.owner === user.username || user.is_staff;
  serve({
    "courses/intro/": { body: course },
    "courses/intro/outline/": isEnrolled
      ? { body: outline }
      : { status: 403, body: { code: "not_enrolled", detail: "You are not enrolled in this course." } },
  });
  const client = new FakeClient();
  const page = show(
    <UserContext value={user}>
      <MemoryRouter initialEntries={[path]}>
        <Routes>
          <Route path="/courses/:slug" element={<CoursePage />}>
            <Route index element={<CourseIntro />} />
            <Route path="contents/:contentId" element={<ContentPage />} />
          </Route>
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  return { client, page };
}

const contents = () => within(screen.getByRole("navigation", { name: "Course contents" }));
const heading = (name: string) => screen.findByRole("heading", { level: 1, name });

test("a content on the page is one session; another content, another session; leaving closes it", async () => {
  const { client, page } = visit("/courses/intro/contents/11");
  await heading("Welcome");
  await waitFor(() => {
    expect(client.openContents).toEqual([11]);
  });
  fireEvent.click(contents().getByRole("link", { name: "Attention" }));
  await heading("Attention");
  await waitFor(() => {
    expect(client.openContents).toEqual([12]);
  });
  fireEvent.click(contents().getByRole("link", { name: "Intro" }));
  await heading("Intro");
  expect(client.openContents).toEqual([]);
  page.unmount();
  // StrictMode runs effects twice: still no more than one each.
  expect(client.sessions.map((session) => session.target)).toEqual([
    { course: "intro", content: 11 },
    { course: "intro", content: 12 },
  ]);
});

test("taking the page away closes the session", async () => {
  const { client, page } = visit("/courses/intro/contents/11");
  await waitFor(() => {
    expect(client.openContents).toEqual([11]);
  });
  page.unmount();
  expect(client.openContents).toEqual([]);
});

test.each([
  ["lost", "resumed_elsewhere"],
  ["lost", "gone"],
  ["lost", "restored"],
  ["closed", "session_closed"],
] as const)("a session %s (%s) is followed by one new one", async (phase, reason) => {
  const { client } = visit("/courses/intro/contents/11");
  await waitFor(() => {
    expect(client.sessions).toHaveLength(1);
  });
  const lose = () =>
    act(async () => {
      client.sessions[0]?.store.set({ phase, reason });
      await Promise.resolve();
    });
  await lose();
  await waitFor(() => {
    expect(client.sessions).toHaveLength(2);
  });
  expect(client.openContents).toEqual([11]);
  expect(screen.queryByTestId("live-notice")).toBeNull();
  // What the old one says now is nothing to the page.
  await lose();
  expect(client.sessions).toHaveLength(2);
});

test("where access ended, nothing new is opened", async () => {
  const { client } = visit("/courses/intro/contents/11");
  await waitFor(() => {
    expect(client.sessions).toHaveLength(1);
  });
  await act(async () => {
    client.sessions[0]?.store.set({ phase: "lost", reason: "access_ended" });
    await Promise.resolve();
  });
  expect(screen.getByTestId("live-notice").textContent).toContain("Access ended");
  expect(client.sessions).toHaveLength(1);
});

test.each<[string, { user?: Me; course?: CourseDetail }]>([
  ["the owner", { user: { ...ana, username: "ines" }, course: { ...intro, enrollment: null } }],
  ["staff", { user: { ...ana, is_staff: true } }],
])("the preview of %s opens no session", async (_who, asked) => {
  const { client } = visit("/courses/intro/contents/11", asked);
  await heading("Welcome");
  expect(await screen.findByText("This is a preview: no time is recorded.")).toBeDefined();
  expect(client.sessions).toEqual([]);
});

test("a content that is not there has a page that says so, and nothing is opened", async () => {
  const { client } = visit("/courses/intro/contents/99");
  await heading("This content is not in the course");
  expect(client.sessions).toEqual([]);
});

test("who may not study a course is told why, and nothing is opened", async () => {
  const course = {
    ...intro,
    can_enroll: { allowed: false, message: "Enrollment paused" },
    enrollment: { ...enrollment, status: "paused" as const },
  };
  const { client } = visit("/courses/intro/contents/11", { course });
  await heading("Intro");
  expect(screen.getByText("Your enrolment is paused")).toBeDefined();
  expect(client.sessions).toEqual([]);
});
