import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The API that `vite dev` asks for data; the built page is served by the API itself. */
const CLOUD = "http://127.0.0.1:8080";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: "../../../dist/cloud-api/dashboard", emptyOutDir: true, chunkSizeWarningLimit: 1_000 },
  server: { host: "127.0.0.1", proxy: { "/api": CLOUD } },
});
