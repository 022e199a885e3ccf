import { fireEvent, screen, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { beforeEach, expect, test } from "vitest";

import type { Analytics, ContentTime, Engagement, Me, Totals } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { AnalyticsPage } from "../src/pages/AnalyticsPage";
import { ana, FakeClient, intro } from "./fakes";
import { type Answer, serve, show } from "./render";

const ines: Me = { ...ana, id: 9, username: "ines", first_name: "Ines" };

const time = (content: number, fields: Partial<ContentTime>): ContentTime => ({
  content,
  title: `Content ${content}`,
  module: "First steps",
  learners: 0,
  lower_quartile_seconds: null,
  median_seconds: null,
  upper_quartile_seconds: null,
  estimate_seconds: null,
  ...fields,
});
const took = (lower: number, median: number, upper: number): Partial<ContentTime> => ({
  lower_quartile_seconds: lower,
  median_seconds: median,
  upper_quartile_seconds: upper,
});

const analytics: Analytics = {
  course: "intro",
  totals: { total_students: 41, completed_courses: 6, avg_progress: 58.9, total_learning_time_seconds: 90_000 },
  inactive: {
    count: 3,
    learners: [
      {
        enrollment: 5,
        student: "ana",
        student_name: "Ana Lima",
        enrolled_on: "2026-01-01T12:00:00Z",
        last_accessed: "2026-02-03T12:00:00Z",
        progress_percentage: 25.5,
        engagement_score: 0.12,
      },
      {
        enrollment: 6,
        student: "ben",
        student_name: "",
        enrolled_on: "2026-01-01T12:00:00Z",
        last_accessed: null,
        progress_percentage: 0,
        engagement_score: 0,
      },
    ],
  },
  contents: [
    time(11, { learners: 34, ...took(480, 720, 1200), estimate_seconds: 300 }),
    time(12, { learners: 1, ...took(600, 600, 600), estimate_seconds: 900 }),
    time(13, { estimate_seconds: 900 }),
    time(14, { learners: 2, ...took(61, 65, 70) }),
  ],
  stops: Array.from({ length: 10 }, (_, index) => ({
    content: 20 + index,
    title: `Stop ${index}`,
    module: "First steps",
    learners: 10 - index,
    left: index % 3,
  })),
  activity: [
    { weekday: 1, hour: 18, sessions: 4 },
    { weekday: 7, hour: 23, sessions: 1 },
  ],
};
const nothing: Analytics = {
  course: "intro",
  totals: { total_students: 0, completed_courses: 0, avg_progress: null, total_learning_time_seconds: 0 },
  inactive: { count: 0, learners: [] },
  contents: [],
  stops: [],
  activity: [],
};
const engagement: Engagement = {
  formula: 1,
  score: 0.13,
  weights: { time: 0.45, regularity: 0.35, completion: 0.2 },
  window_days: 14,
  time: 0.1,
  engaged_seconds: 720,
  expected_seconds: 7200,
  regularity: 0,
  active_days: 0,
  expected_days: 6,
  completion: 0.4,
  progress_percentage: 25.5,
  expected_percentage: 60,
};

function visit(answer: Answer, user: Me = ines): void {
  serve({
    "courses/intro/": { body: { ...intro, enrollment: null } },
    "courses/intro/analytics/": answer,
    "analytics/": {
      body: { total_students: 50, completed_courses: 9, avg_progress: 41.2, total_learning_time_seconds: 108_000 } satisfies Totals,
    },
    "enrollments/5/engagement/": { body: engagement },
  });
  show(
    <UserContext value={user}>
      <MemoryRouter initialEntries={["/courses/intro/analytics"]}>
        <Routes>
          <Route path="/courses/:slug/analytics" element={<AnalyticsPage />} />
        </Routes>
      </MemoryRouter>
    </UserContext>,
    new FakeClient(),
  );
}

beforeEach(() => {
  document.title = "";
});

test("a course in numbers, and all of it as a file", async () => {
  visit({ body: analytics });
  expect((await screen.findByTestId("totals")).textContent).toBe(
    "Learners ever41Completed it6Done on average58 %Time in focus25 h" +
      "In all your courses together: 50 enrollments, 9 completed, 41 % done on average, 30 h in focus.",
  );
  expect(document.title).toContain("Analytics · Intro");
  const files = within(screen.getByRole("region", { name: "As files" })).getAllByRole("link");
  expect(files.map((file) => file.getAttribute("href"))).toEqual(
    ["totals", "learners", "inactive", "activity", "contents", "stops"].map((name) => `/api/v1/courses/intro/analytics/${name}.csv`),
  );
  expect(screen.getByText("People").closest("a")?.getAttribute("href")).toBe("/courses/intro/people");
});

test("each hour of the week has its shade, and a table the same", async () => {
  visit({ body: analytics });
  expect((await screen.findByTestId("activity-sum")).textContent).toBe(
    "5 sessions began in the last four weeks. The busiest hour is Monday, 18:00 to 19:00: 4 of them.",
  );
  const hours = screen.getAllByTestId("hour");
  expect(hours).toHaveLength(7 * 24);
  expect(hours.filter((hour) => hour.dataset.shade !== "0").map(({ title, dataset }) => [title, dataset.shade])).toEqual([
    ["Monday, 18:00 to 19:00: 4 sessions", "5"],
    ["Sunday, 23:00 to 24:00: 1 session", "2"],
  ]);
  expect(within(screen.getByRole("table")).getAllByRole("row").map(({ textContent }) => textContent)).toEqual([
    "HourSessions that began",
    "Monday, 18:00 to 19:004",
    "Sunday, 23:00 to 24:001",
  ]);
});

test("where several hours have the most sessions, none is called the busiest", async () => {
  const activity = [1, 2, 3].map((weekday) => ({ weekday, hour: 8, sessions: 2 }));
  visit({ body: { ...analytics, activity } });
  expect((await screen.findByTestId("activity-sum")).textContent).toBe(
    "6 sessions began in the last four weeks. No hour of the week has more than 2 of them.",
  );
});

test("where nobody has learned yet, that is said, and that today does not count", async () => {
  visit({ body: { ...analytics, activity: [] } });
  expect(await screen.findByText("No session has begun in the last four weeks. Today is not in it.")).toBeDefined();
});

test("the time that a content takes is said in words, beside its estimate", async () => {
  visit({ body: analytics });
  const [slow, quick, unknown, alike] = await screen.findAllByTestId("content-time");
  expect(slow?.textContent).toContain("Half of 34 learners took from 8 min to 20 min; the median is 12 min. Estimated: 5 min.");
  expect(slow?.textContent).toContain("Longer than estimated");
  expect(quick?.textContent).toContain("One learner took 10 min. Estimated: 15 min.");
  expect(quick?.textContent).toContain("Shorter than estimated");
  expect(unknown?.textContent).toContain("Nobody has completed it yet. Estimated: 15 min.");
  expect(unknown?.textContent).not.toContain("than estimated");
  expect(alike?.textContent).toContain("Half of 2 learners took 1 min.");
  expect(screen.getByText("Content 11").getAttribute("href")).toBe("/courses/intro/contents/11");
});

test("where learners stop: the most first, all of them at a press", async () => {
  visit({ body: analytics });
  const first = await screen.findAllByTestId("stop");
  expect(first).toHaveLength(8);
  expect(first.slice(0, 3).map(({ textContent }) => /\d+ learners.*/.exec(textContent)?.[0])).toEqual([
    "10 learners",
    "9 learners, 1 of them has left",
    "8 learners, 2 of them have left",
  ]);
  fireEvent.click(screen.getByText("Show all 10"));
  expect(screen.getAllByTestId("stop").at(-1)?.textContent).toContain("1 learner");
  expect(screen.queryByText("Show all 10")).toBeNull();
});

test("who is away is named, and why their engagement is what it is", async () => {
  visit({ body: analytics });
  expect((await screen.findByTestId("away-count")).textContent).toBe("3 learners");
  const [lima, ben] = screen.getAllByTestId("person");
  expect(lima?.textContent).toContain("Last here 3 February 2026 · 25 % done");
  expect(ben?.textContent).toContain("Never here, enrolled 1 January 2026 · 0 % done");
  expect(screen.getByText("And 1 more: the file below has all of them.")).toBeDefined();
  fireEvent.click(screen.getByRole("button", { name: "Engagement of Ana Lima: 12 of 100" }));
  const panel = await screen.findByTestId("engagement");
  expect(panel.dataset.score).toBe("0.13"); // as of now; the list has what was last written down
  expect(within(panel).getByText("4.5 of 45")).toBeDefined();
  expect(within(panel).getByText("Formula 1: the three parts add up.")).toBeDefined();
});

test("a course without learners says so, each part in a sentence", async () => {
  visit({ body: nothing });
  expect((await screen.findByTestId("totals")).firstChild?.textContent).toBe("Learners ever0Completed it0Done on average–Time in focus–");
  for (const words of [/No session has begun/, /has no contents yet/, /Nobody: no one has begun/, /Nobody: all who are enrolled/]) {
    expect(screen.getByText(words)).toBeDefined();
  }
});

test("what does not load says so, and can be tried again", async () => {
  visit({ status: 403, body: { code: "forbidden", detail: "This is not yours." } });
  expect(await screen.findByText("This is not yours.")).toBeDefined();
  expect(screen.getByText("Try again")).toBeDefined();
});

test("for who does not own the course there is no such page", async () => {
  visit({ body: analytics }, ana);
  expect(await screen.findByText("There is no such page")).toBeDefined();
  expect(screen.queryByTestId("totals")).toBeNull();
});
