import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { expect, test, vi } from "vitest";

import type { Content, CourseDetail, Outline } from "../src/api/types";
import { UserContext } from "../src/auth/user";
import { ContentPage } from "../src/course/ContentPage";
import { CourseIntro } from "../src/course/CourseIntro";
import { Catalogue } from "../src/courses/Catalogue";
import { YourCourses } from "../src/courses/YourCourses";
import { Toasts } from "../src/inbox/Toasts";
import { CoursePage } from "../src/pages/CoursePage";
import { ana, enrollment, FakeClient, intro, news, outline } from "./fakes";
import { type Answer, serve, show, told } from "./render";

const page = (...results: unknown[]) => ({ body: { count: results.length, next: null, previous: null, results } });

/** The course with its second content as a test wants it. */
function outlineWith(fields: Partial<Content>): Outline {
  const modules = outline.modules.map((module) => ({
    ...module,
    contents: module.contents.map((content) => (content.id === 12 ? { ...content, ...fields } : content)),
  }));
  return { ...outline, modules };
}

function server(read: Outline = outline, course: CourseDetail = intro, answers: Record<string, Answer> = {}) {
  return told(
    serve({
      "courses/intro/": { body: course },
      "courses/intro/outline/": { body: read },
      "enrollments/": page(course.enrollment),
      "courses/": page(course),
      ...answers,
    }),
  );
}

function visit(path = "/courses/intro/contents/12"): FakeClient {
  const client = new FakeClient();
  show(
    <UserContext value={ana}>
      <MemoryRouter initialEntries={[path]}>
        <Toasts />
        <Routes>
          <Route
            index
            element={
              <>
                <YourCourses />
                <Catalogue />
              </>
            }
          />
          <Route path="/courses/:slug" element={<CoursePage />}>
            <Route index element={<CourseIntro />} />
            <Route path="contents/:contentId" element={<ContentPage />} />
          </Route>
        </Routes>
      </MemoryRouter>
    </UserContext>,
    client,
  );
  return client;
}

const completion = () => within(screen.getByTestId("completion"));
const markAsComplete = () => screen.findByRole<HTMLButtonElement>("button", { name: "Mark as complete" });
const contents = () => within(screen.getByRole("navigation", { name: "Course contents" }));
const bar = (name: string) => screen.getByRole("progressbar", { name }).getAttribute("aria-valuenow");

/** What stands in for a browser's layout: everything is in view when the test says so. */
function layout(): { allInView: () => void } {
  const callbacks = new Set<IntersectionObserverCallback>();
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      readonly #callback: IntersectionObserverCallback;
      constructor(callback: IntersectionObserverCallback) {
        this.#callback = callback;
      }
      observe = (): void => void callbacks.add(this.#callback);
      disconnect = (): void => void callbacks.delete(this.#callback);
    },
  );
  const entry = { isIntersecting: true } as IntersectionObserverEntry;
  return {
    allInView: () => {
      for (const callback of callbacks) callback([entry], {} as IntersectionObserver);
    },
  };
}

test("marked as complete, it is asked once, and what comes of it is shown without reading anything", async () => {
  const asked = server();
  const client = visit();
  const button = await markAsComplete();
  expect(bar("Your progress in this course")).toBe("25");
  fireEvent.click(button);
  expect(client.progress.get().asked).toEqual({ 12: null });
  expect(button.dataset.loading).toBe("true");
  serve({});
  act(() => {
    client.move({});
  });
  const heading = await screen.findByRole("heading", { name: "Completed" });
  expect(document.activeElement).toBe(heading);
  expect(screen.queryByRole("button", { name: "Mark as complete" })).toBeNull();
  expect(bar("Your progress in this course")).toBe("50");
  expect(bar("Progress in First steps")).toBe("100");
  expect(contents().getAllByText("Done")).toHaveLength(2);
  expect(asked()).toEqual([]);
});

test("a refusal is a sentence, and it may be asked again", async () => {
  server();
  const client = visit();
  fireEvent.click(await markAsComplete());
  const error = { type: "error", ref: "complete.12", code: "forbidden", message: "It completes itself." } as const;
  act(() => {
    client.progress.set({ asked: { 12: error } });
  });
  expect((await screen.findByRole("alert")).textContent).toBe("It completes itself.");
  fireEvent.click(await markAsComplete());
  expect(client.progress.get().asked).toEqual({ 12: null });
  expect(screen.queryByRole("alert")).toBeNull();
});

test("offline it waits for the connection; where there is none but HTTP, it goes that way", async () => {
  const asked = server(outline, intro, { "contents/12/complete/": { body: {} } });
  const client = visit();
  act(() => {
    client.connection.set({ status: "waiting" });
  });
  expect((await markAsComplete()).disabled).toBe(true);
  act(() => {
    client.connection.set({ status: "http" });
  });
  fireEvent.click(await markAsComplete());
  await waitFor(() => {
    expect(asked()).toEqual(["POST contents/12/complete/"]);
  });
  expect(client.progress.get().asked).toEqual({});
});

test("what is older than what was read moves nothing back", async () => {
  server();
  const client = visit();
  await markAsComplete();
  act(() => {
    client.move({ revision: 4, percent: 0, modules: { 1: 0 } });
  });
  expect(bar("Your progress in this course")).toBe("25");
  expect(bar("Progress in First steps")).toBe("50");
  expect(await markAsComplete()).toBeDefined();
});

test.each([
  ["names no content", { revision: 5, content: null, completed: [], modules: {} }],
  ["comes after some that were missed", { revision: 7 }],
])("a change that %s has the outline read anew", async (_which, change) => {
  server();
  const client = visit();
  await markAsComplete();
  const now = { ...enrollment, progress_percentage: 80, progress_revision: 8 };
  const read = { ...outlineWith({ title: "Attention, revised" }), enrollment: now };
  server(read, { ...intro, enrollment: now });
  act(() => {
    client.move(change);
  });
  expect(await screen.findByRole("heading", { level: 1, name: "Attention, revised" })).toBeDefined();
  await waitFor(() => {
    expect(bar("Your progress in this course")).toBe("80");
  });
});

test("your courses and the catalogue move as one studies elsewhere", async () => {
  server();
  const client = visit("/");
  await screen.findByRole("progressbar", { name: "Your progress in Intro" });
  expect([bar("Your progress in Intro"), bar("Progress in Intro")]).toEqual(["25", "25"]);
  serve({});
  act(() => {
    client.move({});
  });
  await waitFor(() => {
    expect([bar("Your progress in Intro"), bar("Progress in Intro")]).toEqual(["50", "50"]);
  });
});

test("at the end the course says that it is completed, and the certificate is there", async () => {
  server();
  const client = visit("/courses/intro");
  await screen.findByRole("heading", { name: "You are enrolled" });
  const done = { ...enrollment, status: "completed" as const, progress_percentage: 100, progress_revision: 5, certificate: "C0de" };
  server({ ...outline, enrollment: done }, { ...intro, enrollment: done });
  act(() => {
    client.move({ percent: 100, status: "completed" });
  });
  await screen.findByRole("heading", { name: "You have completed this course" });
  const link = await screen.findByRole("link", { name: "Your certificate" });
  expect(link.getAttribute("href")).toBe("/certificates/C0de");
  const told = news(1, "certificate.issued", "Your certificate is here");
  act(() => {
    client.tell({ ...told, data: { ...told.data, code: "C0de" } });
  });
  expect(screen.getByRole("link", { name: told.title }).getAttribute("href")).toBe("/certificates/C0de");
});

const auto: Partial<Content> = {
  completion_method: "auto",
  items: [
    { id: 21, kind: "text", title: "", body: "Read me." },
    { id: 22, kind: "image", title: "The states", url: "/states.png", name: "states.png", size: 1, alt: "Three states." },
    { id: 23, kind: "video", title: "", url: "/talk.webm", name: "talk.webm", size: 1, captions: null, duration_seconds: 60 },
    { id: 24, kind: "file", title: "", url: "/plan.pdf", name: "plan.pdf", size: 1 },
  ],
};

test("what completes itself says by what, and how much of it is done", async () => {
  server(outlineWith(auto), intro, {
    "enrollments/5/progress/": { body: { modules: [{ contents: [{ id: 12, percent: 25, engaged_seconds: 0 }] }] } },
  });
  visit();
  await screen.findByRole("heading", { name: "This completes by itself" });
  expect(completion().getAllByRole("listitem").map((need) => need.textContent)).toEqual([
    "Read the text to its end",
    "Look at “The states”",
    "Watch 90 % of the video",
    "Open plan.pdf",
  ]);
  expect(await screen.findByText("25 % of it so far")).toBeDefined();
  expect(screen.queryByRole("button", { name: "Mark as complete" })).toBeNull();
});

test("a text's end and an image that stay in view are told, a video as it is played, and nothing once it is completed", async () => {
  const { allInView } = layout();
  server(outlineWith(auto));
  const client = visit();
  fireEvent.load(await screen.findByRole("img", { name: "Three states." }));
  await waitFor(() => {
    expect(client.openContents).toEqual([12]);
  });
  vi.useFakeTimers();
  act(allInView);
  vi.advanceTimersByTime(900);
  expect(client.heard).toEqual([]);
  vi.advanceTimersByTime(200);
  vi.useRealTimers();
  expect(client.heard).toEqual([
    [12, 21, []],
    [12, 22, []],
  ]);
  const video = document.querySelector("video");
  const stretches = [[0, 5], [20, 31.5]] as const;
  Object.defineProperty(video, "played", {
    value: { length: 2, start: (at: number) => stretches[at]?.[0], end: (at: number) => stretches[at]?.[1] },
  });
  if (video) fireEvent.timeUpdate(video);
  expect(client.heard.at(-1)).toEqual([12, 23, [{ start: 0, end: 5 }, { start: 20, end: 31.5 }]]);
  act(() => {
    client.move({});
  });
  await screen.findByRole("heading", { name: "Completed" });
  if (video) fireEvent.timeUpdate(video);
  expect(client.heard).toHaveLength(3);
});

test("engaged time that completes is shown as the server has it", async () => {
  server(outlineWith({ completion_method: "time_based", required_seconds: 600 }), intro, {
    "enrollments/5/progress/": { body: { modules: [{ contents: [{ id: 12, percent: 30, engaged_seconds: 185.4 }] }] } },
  });
  visit();
  expect(await screen.findByText(/^Engaged so far: 3 minutes 5 seconds of 10 minutes\./)).toBeDefined();
  expect(bar("Engaged time of what is required")).toBe("30");
});

test("the owner's preview has nothing to complete", async () => {
  server(outlineWith(auto), { ...intro, owner: "ana", enrollment: null });
  visit();
  await screen.findByRole("heading", { level: 1, name: "Attention" });
  expect(screen.queryByTestId("completion")).toBeNull();
});

test("the engagement score comes with what it is made of, and that adds up", async () => {
  server(outline, intro, {
    "enrollments/5/engagement/": {
      body: {
        formula: 1,
        score: 0.5,
        weights: { time: 0.45, regularity: 0.35, completion: 0.2 },
        window_days: 14,
        time: 0.5,
        engaged_seconds: 10_800,
        expected_seconds: 21_600,
        regularity: 0.5,
        active_days: 3,
        expected_days: 6,
        completion: 0.5,
        progress_percentage: 25,
        expected_percentage: 50,
      },
    },
  });
  visit("/courses/intro");
  const panel = await screen.findByTestId("engagement");
  expect(panel.dataset.score).toBe("0.5");
  expect(panel.textContent).toContain("50 of 100");
  for (const points of ["22.5 of 45", "17.5 of 35", "10 of 20"]) expect(within(panel).getByText(points)).toBeDefined();
  expect(within(panel).getByText("Engaged in the last 14 days: 3 h, of 6 h that this course asks for.")).toBeDefined();
  expect(within(panel).getByText("Days with five engaged minutes or more: 3 of 6.")).toBeDefined();
  expect(within(panel).getByText("25 % of the course is done; 50 % is expected by now.")).toBeDefined();
});
