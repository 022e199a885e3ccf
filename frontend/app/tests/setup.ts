import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// What Mantine asks of a browser and jsdom does not have. All screens are wide here.
vi.stubGlobal("matchMedia", (media: string) => ({
  matches: media.includes("min-width"),
  media,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe = (): void => undefined;
    unobserve = (): void => undefined;
    disconnect = (): void => undefined;
  },
);
vi.stubGlobal(
  "IntersectionObserver",
  class {
    observe = (): void => undefined;
    disconnect = (): void => undefined;
  },
);
vi.stubGlobal("scrollTo", () => undefined);

// What uPlot draws on: here nothing comes of it.
const deaf = (): object => new Proxy({}, { get: () => () => ({ width: 0 }) });
vi.stubGlobal("Path2D", function () {
  return deaf();
});
HTMLCanvasElement.prototype.getContext = deaf as never;

// On a busy machine.
configure({ asyncUtilTimeout: 10_000 });

afterEach(cleanup);
