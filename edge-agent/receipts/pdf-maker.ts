import { Worker } from "node:worker_threads";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";

export type PdfOrder = { readonly signed: SignedReceipt; readonly link: string | null };
export type PdfAnswer =
  { readonly ok: true; readonly pdf: Uint8Array } | { readonly ok: false; readonly why: string };

/** Makes PDFs beside the lanes, one after the other. */
export type PdfMaker = {
  readonly make: (signed: SignedReceipt, link: string | null) => Promise<Result<Uint8Array, PdfRefusal>>;
};
export type PdfRefusal = Refusal<"pdf_busy" | "pdf_failed">;

export type PdfMakerOptions = {
  /** Orders that wait; more are refused. */
  readonly maxWaiting?: number;
  readonly timeoutMs?: number;
  /** A thread that has nothing to do for so long is ended: its fonts take memory. */
  readonly idleMs?: number;
  /** The thread's program, for tests. */
  readonly program?: URL;
};

type Job = { readonly order: PdfOrder; readonly done: (answer: PdfAnswer) => void };

const BUNDLED = import.meta.filename.endsWith(".mjs");
const PROGRAM = new URL(BUNDLED ? "./pdf-worker.mjs" : "./pdf-worker.ts", import.meta.url);

/** The thread starts with the first order, holds no program open, and is started anew after a failure. */
export function createPdfMaker(options: PdfMakerOptions = {}): PdfMaker {
  const { maxWaiting = 16, timeoutMs = 20_000, idleMs = 60_000, program = PROGRAM } = options;
  const waiting: Job[] = [];
  let worker: Worker | null = null;
  let current: Job | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function end(): void {
    clearTimeout(timer);
    void worker?.terminate();
    worker = null;
  }

  function finish(answer: PdfAnswer): void {
    const job = current;
    current = null;
    job?.done(answer);
    next();
  }

  function fail(why: string): void {
    end();
    finish({ ok: false, why });
  }

  function startWorker(): Worker {
    const started = program.pathname.endsWith(".ts") ? fromSource(program) : new Worker(program);
    started.unref();
    started.on("message", (answer: PdfAnswer) => {
      if (started === worker) finish(answer);
    });
    started.on("error", (error) => {
      if (started === worker) fail(error.message);
    });
    started.on("exit", () => {
      if (started === worker) fail("the thread has ended");
    });
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
    worker.postMessage(current.order);
    timer = setTimeout(() => fail("it took too long"), timeoutMs).unref();
  }

  return {
    make: async (signed, link) => {
      if (waiting.length >= maxWaiting)
        return err(refusal("pdf_busy", "peer", "Too many receipts are being made. Please try again soon."));
      const answer = await new Promise<PdfAnswer>((done) => {
        waiting.push({ order: { signed, link }, done });
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
