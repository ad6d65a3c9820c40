import "@mantine/core/styles.css";
import "uplot/dist/uPlot.min.css";
import "./page.css";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { theme } from "./theme.ts";

const RELOAD_AFTER_MS = 10_000;

const element = document.getElementById("root");
if (element === null) throw new Error("index.html has no #root");

/** A dashboard on a wall has nobody to press F5: after a bug it says so and starts again. */
function startAgain(error: unknown): void {
  reportError(error);
  document.body.textContent = "This page had a problem and starts again in a moment.";
  setTimeout(() => location.reload(), RELOAD_AFTER_MS);
}

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

createRoot(element, { onUncaughtError: startAgain }).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <App />
    </MantineProvider>
  </StrictMode>,
);
