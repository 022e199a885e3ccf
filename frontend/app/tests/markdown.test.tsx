import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { Markdown } from "../src/ui/Markdown";

const show = (source: string) =>
  render(
    <MantineProvider>
      <Markdown source={source} />
    </MantineProvider>,
  );

test("headings, paragraphs, lists and words in bold are elements", () => {
  show("# Attention\n\nOne line\nand the next, **bold**.\n\n- first\n- second\n\n1. one");
  expect(screen.getByRole("heading", { name: "Attention" }).tagName).toBe("H3");
  expect(screen.getByText("bold").tagName).toBe("STRONG");
  expect(screen.getByText(/One line and the next/).tagName).toBe("P");
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual(["first", "second", "one"]);
  expect(screen.getAllByRole("list").map((list) => list.tagName)).toEqual(["UL", "OL"]);
});

test("nothing in a text runs: markup is shown as written, and only web addresses become links", () => {
  const { container } = show(
    '<img src=x onerror="alert(1)">\n\n[a](javascript:alert(1)) [b](https://example.org/x)\n\n```\n<script>1</script>\n```',
  );
  expect(container.querySelector("img, script")).toBeNull();
  expect(screen.getByText(/onerror/)).toBeDefined();
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["https://example.org/x"]);
});
