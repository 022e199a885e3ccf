import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import { App } from "../src/App";
import { ana, FakeClient, intro, outline } from "./fakes";
import { serve } from "./render";

const live = vi.hoisted(() => ({ said: [] as string[], client: null as FakeClient | null }));

vi.mock("@studybeat/sdk/browser", () => ({
  browserClient: () => {
    const client = new FakeClient();
    live.client = client;
    return Object.assign(client, {
      start: () => live.said.push("start"),
      stop: () => live.said.push("stop"),
    });
  },
}));

const signedOut = { status: 401, body: { code: "not_authenticated", detail: "Sign in first." } };
const none = { body: { count: 0, next: null, previous: null, results: [] } };
const home = { "enrollments/": none, "courses/": none };
const done = { status: 204, body: null };
const phone = {
  id: 3,
  name: "Ana’s phone",
  created_at: "2026-01-01T00:00:00Z",
  last_used: null,
  expires_at: "2026-04-01T00:00:00Z",
};
const profile = {
  "me/": { body: ana },
  "tokens/?page_size=200": { body: { ...none.body, count: 1, results: [phone] } },
};

beforeEach(() => {
  history.replaceState(null, "", "/");
  live.said.length = 0;
});

const open = (path: string): void => {
  history.replaceState(null, "", path);
  render(<App />);
};

async function enter(label: string, value: string, within_: HTMLElement = document.body) {
  fireEvent.change(await within(within_).findByLabelText(label), { target: { value } });
}

/** By its text: looking for roles takes seconds on a large page. */
const press = (name: string, within_: HTMLElement = document.body): void => {
  fireEvent.click(within(within_).getByText(name, { selector: "button *" }));
};

test("an account is made and signed in; what the server says of a field stands at the field", async () => {
  const taken = { username: ["Somebody has this user name already."] };
  serve({ "me/": signedOut, "register/": { status: 400, body: { code: "invalid", detail: "No.", fields: taken } } });
  open("/register");
  await enter("User name", "ana");
  await enter("E-mail address", "ana@example.org");
  await enter("Password", "a long one, of words");
  press("Make the account");
  expect(await screen.findByText("Somebody has this user name already.")).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();

  const calls = serve({ "register/": { status: 201, body: ana }, "login/": { body: ana }, ...home });
  press("Make the account");
  expect(await screen.findByRole("heading", { level: 1, name: "Hello, Ana" })).toBeDefined();
  expect(calls.map(({ path }) => path)).toEqual(["register/", "login/"]);
  expect(calls[0]?.body).toEqual({ username: "ana", email: "ana@example.org", password: "a long one, of words" });
});

test("the mailed link confirms when asked to, and its secret leaves the address bar", async () => {
  const calls = serve({ "me/": signedOut, "verify-email/": done });
  open("/verify-email#17.secret");
  expect(await screen.findByRole("heading", { name: "Confirm your address" })).toBeDefined();
  expect(location.hash).toBe("");
  expect(calls).toEqual([]);
  press("This is my address");
  expect(await screen.findByText("Your e-mail address is confirmed.")).toBeDefined();
  expect(calls).toEqual([{ method: "POST", path: "verify-email/", body: { token: "17.secret" } }]);
});

test("a link that was used says so in the server's words", async () => {
  const detail = "This link has been used, or is too old. Ask for a new one.";
  serve({ "me/": signedOut, "verify-email/": { status: 400, body: { code: "invalid_link", detail } } });
  open("/verify-email#17.secret");
  fireEvent.click(await screen.findByText("This is my address"));
  expect((await screen.findByRole("alert")).textContent).toBe(detail);
});

test("a link without its secret says what to do, and asks the server nothing", async () => {
  const calls = serve({ "me/": signedOut });
  open("/verify-email");
  expect(await screen.findByRole("heading", { name: "This link is not whole" })).toBeDefined();
  cleanup();
  open("/reset-password");
  expect(await screen.findByRole("heading", { name: "This link is not whole" })).toBeDefined();
  expect(screen.getByRole("link", { name: "Ask for a new link" }).getAttribute("href")).toBe("/forgot-password");
  expect(calls).toEqual([]);
});

test("what the server says of a field that is not on the page is said all the same", async () => {
  const detail = "Ensure this field has no more than 200 characters.";
  const refused = { code: "invalid", detail, fields: { token: [detail] } };
  serve({ "me/": signedOut, "verify-email/": { status: 400, body: refused } });
  open("/verify-email#17.secret");
  fireEvent.click(await screen.findByText("This is my address"));
  expect((await screen.findByRole("alert")).textContent).toBe(detail);
});

test("a forgotten password is set anew by the mailed link", async () => {
  serve({ "me/": signedOut, "password/reset/": done });
  open("/sign-in");
  fireEvent.click(await screen.findByRole("link", { name: "Forgot your password?" }));
  await enter("E-mail address", "ana@example.org");
  press("Mail me a link");
  expect(await screen.findByText(/a link to a new password is on its way there/)).toBeDefined();
});

test("the page of that link sends the secret with the new password", async () => {
  const calls = serve({ "me/": signedOut, "password/reset/confirm/": done });
  open("/reset-password#17.secret");
  await enter("New password", "a long one, of words");
  press("Set the password");
  expect(await screen.findByText(/Your new password is set/)).toBeDefined();
  expect(calls[0]?.body).toEqual({ token: "17.secret", password: "a long one, of words" });
});

test("the profile is saved as it was written", async () => {
  const calls = serve(profile);
  open("/profile");
  await enter("First name", "Anna");
  await enter("Your goal", "An hour a day.");
  await enter("Language of mails and news", "de");
  fireEvent.click(screen.getByLabelText("Mail me my week"));
  press("Save");
  expect(await screen.findByText("Saved.")).toBeDefined();
  expect(calls[0]).toMatchObject({
    method: "PATCH",
    path: "me/",
    body: {
      first_name: "Anna",
      language: "de",
      weekly_digest: false,
      student_profile: { goal: "An hour a day." },
    },
  });
});

test("a picture goes up as a file, and what is no picture is said", async () => {
  const refused = { avatar: ["This is no JPEG, PNG, WebP or GIF picture that can be read."] };
  const calls = serve(profile);
  open("/profile");
  const input = await waitFor(() => {
    const found = document.querySelector<HTMLInputElement>("input[type=file]");
    if (!found) throw new Error("not there yet");
    return found;
  });
  const file = new File(["x"], "me.png", { type: "image/png" });
  fireEvent.change(input, { target: { files: [file] } });
  await waitFor(() => {
    expect((calls[0]?.body as FormData).get("avatar")).toBeInstanceOf(File);
  });
  serve({ ...profile, "me/": { status: 400, body: { code: "invalid", detail: "No.", fields: refused } } });
  fireEvent.change(input, { target: { files: [file] } });
  expect((await screen.findByRole("alert")).textContent).toBe(refused.avatar[0]);
});

test("with a new password the page's own connection signs in anew", async () => {
  const calls = serve({ ...profile, "password/change/": done });
  open("/profile");
  await enter("Password so far", "studybeat");
  await enter("New password", "a long one, of words");
  live.said.length = 0;
  press("Set a new password");
  expect(await screen.findByText("Your new password is set.")).toBeDefined();
  expect(calls[0]?.body).toEqual({ password: "studybeat", new_password: "a long one, of words" });
  expect(live.said).toEqual(["stop", "start"]);
});

test("where a connection's sign-in has ended, and the browser has a new one, it begins anew", async () => {
  serve(profile);
  open("/profile");
  await screen.findByText("Ana’s phone");
  expect(live.said).toEqual(["start"]);
  act(() => {
    live.client?.connection.set({ status: "stopped", code: 4503 });
  });
  await waitFor(() => {
    expect(live.said).toEqual(["start", "start"]);
  });

  serve({ "me/": signedOut });
  act(() => {
    live.client?.connection.set({ status: "stopped", code: 4503 });
  });
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeDefined();
  expect(live.said).toEqual(["start", "start"]);
});

test("where the sign-in has ended, and only a refused post tells, the sign-in page comes, and then the content again", async () => {
  const study = { ...home, "courses/intro/": { body: intro }, "courses/intro/outline/": { body: outline } };
  serve({ ...profile, ...study });
  open("/courses/intro/contents/11");
  await screen.findByRole("heading", { level: 1, name: "Welcome" });
  const sessions = () => live.client?.sessions ?? [];
  const { length } = sessions();
  serve({ "me/": signedOut });
  act(() => {
    sessions().at(-1)?.store.set({ phase: "failed", reason: "not_authenticated" });
  });
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeDefined();
  serve({ ...profile, ...study, "login/": { body: ana } });
  await enter("User name", "ana");
  await enter("Password", "studybeat");
  press("Sign in");
  await screen.findByRole("heading", { level: 1, name: "Welcome" });
  await waitFor(() => {
    expect(sessions()).toHaveLength(length + 1);
  });
});

test("a device is signed out", async () => {
  const calls = serve({ ...profile, "tokens/3/": done });
  open("/profile");
  fireEvent.click(await screen.findByLabelText("Sign out Ana’s phone"));
  await waitFor(() => {
    expect(calls).toEqual([{ method: "DELETE", path: "tokens/3/", body: undefined }]);
  });
});

test("the account is closed with the password, and a refusal is said", async () => {
  const detail = "That is not your password.";
  const calls = serve(profile);
  open("/profile");
  fireEvent.click(await screen.findByText("Close the account …"));
  const dialog = await screen.findByRole("dialog");
  serve({ ...profile, "me/": { status: 403, body: { code: "wrong_password", detail } } });
  await enter("Password", "guess", dialog);
  press("Close it for good", dialog);
  expect((await within(dialog).findByRole("alert")).textContent).toBe(detail);
  expect(calls).toEqual([]);
});
