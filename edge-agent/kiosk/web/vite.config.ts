import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The agent that `vite dev` asks for data; the built page is served by the agent itself. */
const AGENT = "http://127.0.0.1:8081";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../../../dist/edge-agent/kiosk",
    emptyOutDir: true,
    // The polyfill is for browsers older than any kiosk's.
    modulePreload: { polyfill: false },
    // One page, one file, from the booth's own computer: splitting would gain nothing.
    chunkSizeWarningLimit: 900,
  },
  server: { host: "127.0.0.1", proxy: { "/api": AGENT } },
});
