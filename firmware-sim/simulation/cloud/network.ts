import { gunzipSync, gzipSync } from "node:zlib";
import type { Life, VirtualTime } from "../time/virtual-time.ts";

/** What a network draws from. */
export type Chance = {
  /** True with this probability, 0..1. */
  readonly chance: (probability: number) => boolean;
  /** A whole number in [0, n). */
  readonly below: (n: number) => number;
  readonly one: <T>(items: readonly T[]) => T;
};

/** How often what goes wrong, as shares of all requests; and how long the way is, one way, at the most. */
export type Weather = {
  readonly lost: number;
  readonly answerLost: number;
  readonly doubled: number;
  /** Arrives when whoever sent it has long given up. */
  readonly late: number;
  readonly corrupt: number;
  /** Something between the two answers in the cloud's place. */
  readonly impostor: number;
  readonly wayMs: number;
};

export const CALM: Weather = {
  lost: 0,
  answerLost: 0,
  doubled: 0,
  late: 0,
  corrupt: 0,
  impostor: 0,
  wayMs: 40,
};

export type SimRequest = {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer | null;
};

export type SimAnswer = { readonly status: number; readonly headers: Headers; readonly bytes: Buffer };

/** The far end of the network. */
export type FarEnd = {
  /** Names the running program; null = there is none. */
  readonly generation: () => number | null;
  /** Whose the work is that a request makes; null = nobody's. */
  readonly life: () => Life | null;
  readonly request: (request: SimRequest) => Promise<SimAnswer>;
};

const LOG = "/api/edge/log";
const LONGEST_LATE_MS = 4 * 60_000;
const LONGEST_DOUBLE_MS = 3 * 60_000;

/** Between the gate and the cloud: all that a network does to requests, as often as the weather says. */
export class Network {
  weather: Weather = CALM;
  /** Nothing gets through. */
  cut = false;
  /** Requests, and doubles of requests, that have not arrived yet. */
  underWay = 0;
  readonly counts = { requests: 0, lost: 0, answersLost: 0, doubled: 0, late: 0, corrupted: 0 };
  /** What must never be. */
  readonly problems: string[] = [];
  /** Looks at every answer before anything else happens. @returns what is wrong with it. */
  watch: (request: SimRequest, answer: SimAnswer) => Promise<readonly string[]> = () => Promise.resolve([]);
  private readonly time: VirtualTime;
  private readonly random: Chance;
  private readonly cloud: FarEnd;
  private readonly note: (line: string) => void;

  constructor(time: VirtualTime, random: Chance, cloud: FarEnd, note: (line: string) => void) {
    [this.time, this.random, this.cloud, this.note] = [time, random, cloud, note];
  }

  /** What a program asks with; when it is killed, its answers go nowhere, but what it sent may still arrive. */
  fetchOf(life: Life): typeof fetch {
    return (input, init) =>
      new Promise((resolve, reject) => {
        this.send(readRequest(input, init), {
          resolve: (response) => (life.alive ? resolve(response) : undefined),
          reject: (why) => (life.alive ? reject(new TypeError(`fetch failed: ${why}`)) : undefined),
          life,
        });
      });
  }

  /** Says something that nobody waits for an answer to, over a line that is open. */
  post({
    path,
    token,
    text,
  }: {
    readonly path: string;
    readonly token: string;
    readonly text: string;
  }): void {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    if (!this.cut)
      this.arrive({ path, method: "POST", headers, body: Buffer.from(text) }, this.wayMs(), null);
  }

  private send(request: SimRequest, caller: Caller): void {
    const { weather, random, counts } = this;
    counts.requests += 1;
    const wayMs = this.wayMs();
    if (this.cut || random.chance(weather.lost)) {
      counts.lost += 1;
      this.note(`lost ${nameOf(request)}`);
      // Half of the time the other side says so, otherwise there is silence.
      if (random.chance(0.5)) this.time.after(wayMs, () => caller.reject("reset"), caller);
      return;
    }
    if (random.chance(weather.impostor)) {
      this.time.after(wayMs, () => caller.resolve(impostorOf(random)), caller);
      return;
    }
    if (random.chance(weather.doubled)) {
      counts.doubled += 1;
      const laterMs = random.below(random.chance(0.5) ? 2_000 : LONGEST_DOUBLE_MS);
      this.arrive(request, wayMs + laterMs, null);
    }
    if (random.chance(weather.late)) {
      counts.late += 1;
      return this.arrive(request, 20_000 + random.below(LONGEST_LATE_MS), null);
    }
    this.arrive(request, wayMs, caller);
  }

  private wayMs(): number {
    return 1 + this.random.below(this.weather.wayMs);
  }

  /** @param caller null = nobody waits for the answer any more. */
  private arrive(request: SimRequest, ms: number, caller: Caller | null): void {
    this.underWay += 1;
    // Whoever sent it may be killed meanwhile: it arrives all the same.
    const work = async (): Promise<void> => {
      this.underWay -= 1;
      await this.time.during(this.cloud.life(), () => this.deliver(request, caller));
    };
    this.time.after(ms, work, { life: null });
  }

  private async deliver(sent: SimRequest, caller: Caller | null): Promise<void> {
    const { random, weather } = this;
    const generation = this.cloud.generation();
    if (generation === null) return caller?.reject("refused");
    const corrupt = sent.path === LOG && sent.body !== null && random.chance(weather.corrupt);
    const damage = corrupt ? corrupted(sent.body, random) : null;
    if (damage !== null) this.counts.corrupted += 1;
    const request = damage === null ? sent : { ...sent, body: damage.body };
    const answer = await this.cloud.request(request);
    this.note(`${nameOf(sent)}${damage === null ? "" : ` (${damage.what})`} -> ${answer.status}`);
    if (damage?.mustBeRefused === true && answer.status === 200)
      this.problems.push(`a batch with a changed line was taken: ${damage.what}`);
    if (answer.status >= 500)
      this.problems.push(`${nameOf(sent)} was answered ${answer.status}: ${answer.bytes.toString("utf8")}`);
    this.problems.push(...(await this.watch(request, answer)));
    if (caller === null) return;
    if (random.chance(weather.answerLost)) {
      this.counts.answersLost += 1;
      return;
    }
    const back = (): void => {
      if (this.cut) return;
      if (this.cloud.generation() !== generation) return caller.reject("reset");
      caller.resolve(this.responseOf(request, answer));
    };
    this.time.after(this.wayMs(), back, caller);
  }

  /** As `fetch` gives it: out of its compression. Pages of a log may have been changed on their way. */
  private responseOf({ method, path }: SimRequest, { status, headers, bytes }: SimAnswer): Response {
    const body = headers.get("content-encoding") === "gzip" ? gunzipSync(bytes) : Buffer.from(bytes);
    const isPage = method === "GET" && path.startsWith(LOG) && status === 200;
    if (isPage && body.length > 0 && this.random.chance(this.weather.corrupt)) {
      flip(body, this.random.below(body.length), this.random);
      this.counts.corrupted += 1;
      this.note("that page was changed on its way");
    }
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status });
  }
}

type Caller = {
  readonly resolve: (response: Response) => void;
  readonly reject: (why: string) => void;
  readonly life: Life;
};

function readRequest(input: Parameters<typeof fetch>[0], init: RequestInit = {}): SimRequest {
  const url = new URL(input instanceof Request ? input.url : input);
  const { body, method = "GET" } = init;
  return {
    path: url.pathname + url.search,
    method,
    headers: Object.fromEntries(new Headers(init.headers)),
    body: bytesOf(body),
  };
}

function bytesOf(body: unknown): Buffer | null {
  if (body === null || body === undefined) return null;
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new TypeError("the gate sends text or bytes");
}

function nameOf({ method, path }: SimRequest): string {
  // Hashes follow from ids that are not the seed's.
  return `${method} ${path.replace(/[?&](head|have|digest|cursor)=[^&]*/g, "")}`;
}

function impostorOf(random: Chance): Response {
  return random.one([
    () => new Response("<html>502 Bad Gateway</html>", { status: 502 }),
    () => new Response("<html>Sign in to use this network</html>", { status: 200 }),
    () => new Response("{}", { status: 200 }),
    () => new Response(null, { status: 403 }),
    () => new Response("Too many requests", { status: 429 }),
  ])();
}

/** A byte of the body as it travels, or of a line behind the checks of the compression. */
function corrupted(body: Buffer | null, random: Chance) {
  if (body === null || body.length === 0) return null;
  const text = gunzipSync(body);
  const from = text.indexOf(0x0a) + 1;
  if (random.chance(0.5) && from < text.length) {
    const at = from + random.below(text.length - from);
    flip(text, at, random);
    return { body: gzipSync(text, { level: 1 }), what: `byte ${at} of the lines`, mustBeRefused: true };
  }
  const copy = Buffer.from(body);
  const at = random.below(copy.length);
  flip(copy, at, random);
  return { body: copy, what: `byte ${at} of the body`, mustBeRefused: false };
}

function flip(bytes: Buffer, at: number, random: Chance): void {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
}
