import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The simulator that `vite dev` asks for data; the built page is served by the simulator itself. */
const SIMULATOR = "http://127.0.0.1:8090";
const CALLS = ["/state", "/events", "/faults", "/vehicles", "/speed", "/pause"];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "../../../dist/firmware-sim/live",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { host: "127.0.0.1", proxy: Object.fromEntries(CALLS.map((path) => [path, SIMULATOR])) },
});
