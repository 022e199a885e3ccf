import { screen, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, test } from "vitest";

import { UserContext } from "../src/auth/user";
import { TimePage } from "../src/pages/TimePage";
import { lineWords, scaleTo } from "../src/progress/scale";
import { Waiting } from "../src/ui/states";
import { ana, FakeClient } from "./fakes";
import { serve, show } from "./render";

const HOUR = 3600;

test.each([
  [0, [0, 300]],
  [400, [0, 300, 600]],
  [HOUR, [0, 900, 1800, 2700, 3600]],
  [1.2 * HOUR, [0, 1800, 3600, 5400]],
  [5 * HOUR, [0, 2 * HOUR, 4 * HOUR, 6 * HOUR]],
  [100 * HOUR, [0, 30 * HOUR, 60 * HOUR, 90 * HOUR, 120 * HOUR]],
  [24 * HOUR, [0, 6 * HOUR, 12 * HOUR, 18 * HOUR, 24 * HOUR]],
])("the scale to %d seconds", (seconds, lines) => {
  expect(scaleTo(seconds)).toEqual({ top: lines.at(-1), lines });
});

test("a line says what it stands for", () => {
  expect([0, 900, 2700, HOUR, 1.5 * HOUR].map(lineWords)).toEqual(["0", "15 min", "45 min", "1 h", "1.5 h"]);
});

test("my time has a bar for each day, and a table with the same", async () => {
  const days = Array.from({ length: 28 }, (_, index) => ({
    date: `2026-05-${String(index + 1).padStart(2, "0")}`,
    focus_seconds: index === 4 ? 3720 : 0,
    engaged_seconds: index === 4 ? 2880 : 0,
  }));
  serve({ "me/days/?days=28": { body: days } });
  show(
    <UserContext value={ana}>
      <MemoryRouter>
        <TimePage />
      </MemoryRouter>
    </UserContext>,
    new FakeClient(),
  );
  expect(screen.getByText(/by the clocks of your time zone/).textContent).toContain("Europe/Lisbon");
  expect((await screen.findByTestId("time-sum")).textContent).toBe(
    "1 of 28 days with time in focus: 1 h 2 min, of it engaged: 48 min.",
  );
  const bars = screen.getAllByTestId("day");
  expect(bars).toHaveLength(28);
  expect(bars[4]?.querySelector("title")?.textContent).toBe("Tue 5 May: 1 h 2 min in focus, 48 min of it engaged");
  expect(bars[5]?.querySelector("title")?.textContent).toBe("Wed 6 May: no time");
  const rows = within(screen.getByRole("table")).getAllByRole("row");
  expect(rows).toHaveLength(29);
  expect(rows[24]?.textContent).toBe("Tue 5 May1 h 2 min48 min");
});

test("what is still loading says so, in a role that may have a name", () => {
  show(<Waiting />, new FakeClient());
  expect(screen.getByRole("progressbar", { name: "Loading" }).closest("[aria-busy=true]")).not.toBeNull();
});
