import "./gate/no-eval.ts";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { App } from "./app.tsx";
import { theme } from "./theme.ts";

const RELOAD_AFTER_MS = 5_000;

const element = document.getElementById("root");
if (element === null) throw new Error("index.html has no #root");

/** Nobody stands by a booth's page to press F5: after a bug it says so and starts again. */
function startAgain(error: unknown): void {
  reportError(error);
  document.body.textContent =
    "This page had a problem and starts again in a moment. The gate itself goes on.";
  setTimeout(() => location.reload(), RELOAD_AFTER_MS);
}

createRoot(element, { onUncaughtError: startAgain }).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={3} />
      <App />
    </MantineProvider>
  </StrictMode>,
);
