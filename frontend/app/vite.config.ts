import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The Host stays the browser's own, so that the server finds the page's Origin to be its own too. */
const server = { target: "http://127.0.0.1:8000", changeOrigin: false };

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    rolldownOptions: {
      output: {
        // What changes seldom keeps its name, and stays in people's caches.
        codeSplitting: {
          groups: [
            { name: "plot", test: /node_modules\/uplot\// },
            { name: "mantine", test: /node_modules\/(@mantine|@floating-ui)\// },
            { name: "vendor", test: /node_modules\// },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": server,
      "/admin": server,
      "/static": server,
      "/ws": { ...server, ws: true },
    },
  },
  test: { environment: "jsdom", setupFiles: ["./tests/setup.ts"], restoreMocks: true, testTimeout: 30_000 },
});
