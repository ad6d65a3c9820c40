import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { startSimulator, type Simulator, type SimulatorOptions } from "../simulator.ts";
import { createControlApp } from "./control-app.ts";
import { createJournal, customerNote, deviceNote, worldNote } from "./journal.ts";
import { createCounters } from "./live-state.ts";
import { thingsOf } from "./things.ts";

export type LiveOptions = SimulatorOptions & {
  /** Where the control page is served; port 0 takes any free one. */
  readonly control: { readonly host: string; readonly port: number };
  /** Folder of the built page. */
  readonly pageFolder: string;
};

export type LiveMode = {
  readonly simulator: Simulator;
  /** Address of the control page. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

const MAX_CONNECTIONS = 100;

/** A site that runs, and a page to inject faults by hand. Rejects when a port cannot be bound. */
export async function startLiveMode(options: LiveOptions): Promise<LiveMode> {
  const journal = createJournal(Date.now);
  const counters = createCounters();
  const simulator = await startSimulator({
    ...options,
    onEvent(event) {
      counters.count(event);
      const note = worldNote(event);
      if (note !== null) journal.add(note.kind, note.text);
      options.onEvent?.(event);
    },
    onCustomer(event) {
      const note = customerNote(event);
      journal.add(note.kind, note.text);
      options.onCustomer?.(event);
    },
    onTold(name, told) {
      const note = deviceNote(name, told);
      if (note !== null) journal.add(note.kind, note.text);
      options.onTold?.(name, told);
    },
  });
  const things = thingsOf(simulator);
  const { host } = options.control;
  const app = createControlApp({
    simulator,
    things,
    journal,
    counters,
    host,
    pageFolder: options.pageFolder,
  });
  try {
    const server = await listen(app.fetch, options.control);
    return {
      simulator,
      url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
      async stop() {
        await Promise.all([server.stop(), simulator.stop()]);
      },
    };
  } catch (error) {
    await simulator.stop();
    throw error;
  }
}

function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: LiveOptions["control"],
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: host, port }, (info: AddressInfo) => {
      server.off("error", reject);
      resolve({
        port: info.port,
        stop: () =>
          new Promise<void>((done) => {
            server.close(() => done());
            // Pages hold their stream open for ever.
            if ("closeAllConnections" in server) server.closeAllConnections();
          }),
      });
    });
    if ("maxConnections" in server) server.maxConnections = MAX_CONNECTIONS;
    server.once("error", reject);
  });
}
