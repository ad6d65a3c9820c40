import { Worker } from "node:worker_threads";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { ReportDocument } from "./pdf.ts";

export type PdfAnswer =
  { readonly ok: true; readonly pdf: Uint8Array } | { readonly ok: false; readonly why: string };
export type PdfRefusal = Refusal<"pdf_busy" | "pdf_failed">;

/** Makes PDFs in a thread of their own, one after the other: a long report takes a second, in which nobody else waits. */
export type PdfMaker = {
  readonly make: (document: ReportDocument) => Promise<Result<Uint8Array, PdfRefusal>>;
};

export type PdfMakerOptions = {
  /** Reports that wait; more are refused. */
  readonly maxWaiting?: number;
  readonly timeoutMs?: number;
  /** A thread that has nothing to do for so long is ended. */
  readonly idleMs?: number;
  /** The thread's program, for tests. */
  readonly program?: URL;
};

type Order = { readonly document: ReportDocument; readonly done: (answer: PdfAnswer) => void };

const BUNDLED = import.meta.filename.endsWith(".mjs");
const PROGRAM = new URL(BUNDLED ? "./report-pdf.mjs" : "./pdf-worker.ts", import.meta.url);

/** The thread starts with the first report, holds no program open, and is started anew after a failure. */
export function createPdfMaker(options: PdfMakerOptions = {}): PdfMaker {
  const { maxWaiting = 8, timeoutMs = 30_000, idleMs = 60_000, program = PROGRAM } = options;
  const waiting: Order[] = [];
  let worker: Worker | null = null;
  let current: Order | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function finish(answer: PdfAnswer): void {
    const order = current;
    current = null;
    order?.done(answer);
    next();
  }

  function end(): void {
    clearTimeout(timer);
    void worker?.terminate();
    worker = null;
  }

  function fail(why: string): void {
    end();
    finish({ ok: false, why });
  }

  function startWorker(): Worker {
    const started = program.pathname.endsWith(".ts") ? fromSource(program) : new Worker(program);
    started.unref();
    // What a thread says that was ended is nothing to the one after it.
    const ours = (heard: () => void) => {
      if (started === worker) heard();
    };
    started.on("message", (answer: PdfAnswer) => ours(() => finish(answer)));
    started.on("error", (error) => ours(() => fail(error.message)));
    started.on("exit", () => ours(() => fail("the thread has ended")));
    return started;
  }

  function next(): void {
    clearTimeout(timer);
    current = waiting.shift() ?? null;
    if (current === null) {
      timer = setTimeout(end, idleMs).unref();
      return;
    }
    worker ??= startWorker();
    worker.postMessage(current.document);
    timer = setTimeout(() => fail("it took too long"), timeoutMs).unref();
  }

  return {
    make: async (document) => {
      if (waiting.length >= maxWaiting)
        return err(refusal("pdf_busy", "peer", "too many reports are being made: try again soon"));
      const answer = await new Promise<PdfAnswer>((done) => {
        waiting.push({ document, done });
        if (current === null) next();
      });
      return answer.ok ? ok(answer.pdf) : err(refusal("pdf_failed", "bug", answer.why));
    },
  };
}

/** A thread does not take the loader of TypeScript over from its program: a run from the sources loads it again. */
function fromSource(program: URL): Worker {
  const load = `import("tsx/esm/api").then(({ register }) => (register(), import(${JSON.stringify(program.href)})))`;
  return new Worker(load, { eval: true });
}
