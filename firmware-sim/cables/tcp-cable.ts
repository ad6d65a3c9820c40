import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A network cable between two programs on TCP, and what can become of it. Whoever connects to its near end is led to
 * the far end.
 *
 * - `whole`: bytes pass.
 * - `cut`: every connection is broken at once, and none is let through.
 * - `stalled`: connections stay, new ones are taken, and no byte passes; mended, what waited goes on.
 * - `half_open`: as if the far end had lost its power: what is sent is swallowed, nothing is answered, and neither side
 *   is told that the other is gone.
 */
export type CableState = "whole" | "cut" | "stalled" | "half_open";

export type TcpCable = {
  readonly port: number;
  readonly state: () => CableState;
  /** Connections that are open through it now. */
  readonly connections: () => number;
  /** Bytes that came out of it, both ways. */
  readonly carried: () => number;
  /** Of those, the ones that came out another than they went in. */
  readonly damaged: () => number;
  /** Breaks it in this way, or mends it (`whole`). Connections that were half open are gone then. */
  readonly become: (state: CableState) => void;
  /** Bytes a second in each direction; null = as fast as it goes. */
  readonly slow: (bytesPerSecond: number | null) => void;
  /** Every byte comes this much later. */
  readonly delay: (ms: number) => void;
  /** One of so many bytes, at random, has a bit turned over; null = none. */
  readonly corrupt: (oneIn: number | null) => void;
  /** Breaks the connections that are open now; new ones pass. */
  readonly hangUp: () => void;
  readonly stop: () => Promise<void>;
};

export type TcpCableOptions = {
  readonly listen: { readonly host: string; readonly port: number };
  readonly to: { readonly host: string; readonly port: number };
  /** 0..1 for what is left to chance. */
  readonly random: () => number;
};

type Faults = {
  state: CableState;
  bytesPerSecond: number | null;
  delayMs: number;
  oneIn: number | null;
  carried: number;
  damaged: number;
};

/** One direction of a connection is given so much at a time when it is slow. */
const SLICE_MS = 20;

/** Rejects when the near end's port is taken. */
export async function openTcpCable({ listen, to, random }: TcpCableOptions): Promise<TcpCable> {
  const faults: Faults = {
    state: "whole",
    bytesPerSecond: null,
    delayMs: 0,
    oneIn: null,
    carried: 0,
    damaged: 0,
  };
  const links = new Set<Link>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    // Nobody hears from a far end that has lost its power, not even that it cannot be reached.
    const far = faults.state === "half_open" ? null : connect({ ...to, noDelay: true, allowHalfOpen: true });
    const link = createLink(near, far, faults, random);
    links.add(link);
    void link.ended.then(() => links.delete(link));
    if (faults.state === "cut") link.hangUp();
  });
  await listening(server, listen);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the cable has no port");
  const hangUp = (): void => {
    for (const link of links) link.hangUp();
  };
  return {
    port: address.port,
    state: () => faults.state,
    connections: () => links.size,
    carried: () => faults.carried,
    damaged: () => faults.damaged,
    become: (state) => {
      const before = faults.state;
      faults.state = state;
      if (state === "cut" || before === "half_open") hangUp();
      for (const link of links) link.look();
    },
    slow: (bytesPerSecond) => void (faults.bytesPerSecond = bytesPerSecond),
    delay: (ms) => void (faults.delayMs = ms),
    corrupt: (oneIn) => void (faults.oneIn = oneIn),
    hangUp,
    stop: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      hangUp();
      await closed;
    },
  };
}

function listening(server: Server, { host, port }: TcpCableOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** One connection through the cable. */
type Link = {
  readonly hangUp: () => void;
  /** The faults have changed. */
  readonly look: () => void;
  readonly ended: Promise<void>;
};

function createLink(near: Socket, far: Socket | null, faults: Faults, random: () => number): Link {
  const sockets = far === null ? [near] : [near, far];
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const lanes = far === null ? [] : [carry(near, far, faults, random), carry(far, near, faults, random)];
  if (far === null) near.resume();
  const ended = new Promise<void>((done) => {
    let open = sockets.length;
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open -= 1;
        // An end that is gone without a word takes the other with it, unless nobody may know.
        if (faults.state !== "half_open") hangUp();
        if (open === 0) done();
      });
    }
  });
  return {
    hangUp,
    look: () => {
      for (const lane of lanes) lane.look();
    },
    ended,
  };
}

/** Carries bytes one way, with all that is wrong with the cable. What waits in it is held back at its source. */
function carry(
  from: Socket,
  to: Socket,
  faults: Faults,
  random: () => number,
): { readonly look: () => void } {
  let waiting: Buffer[] = [];
  let over = false;
  let moving = false;
  from.on("data", (chunk) => {
    if (faults.state === "half_open") return;
    waiting.push(chunk);
    from.pause();
    void move();
  });
  from.on("end", () => {
    if (faults.state === "half_open") return;
    over = true;
    void move();
  });

  async function move(): Promise<void> {
    if (moving) return;
    moving = true;
    while (waiting.length > 0 && faults.state === "whole" && !to.destroyed) await step();
    moving = false;
    if (waiting.length > 0) return;
    if (over) to.end();
    else from.resume();
  }

  async function step(): Promise<void> {
    const all = Buffer.concat(waiting);
    const { bytesPerSecond, delayMs } = faults;
    const most = bytesPerSecond === null ? all.length : Math.max(1, (bytesPerSecond * SLICE_MS) / 1_000);
    const slice = all.subarray(0, Math.ceil(most));
    waiting = slice.length === all.length ? [] : [all.subarray(slice.length)];
    if (delayMs > 0) await sleep(delayMs);
    if (bytesPerSecond !== null) await sleep((slice.length / bytesPerSecond) * 1_000);
    if (to.destroyed) return;
    if (faults.state !== "whole") {
      waiting.unshift(slice);
      return;
    }
    faults.carried += slice.length;
    if (!to.write(damaged(slice, faults, random))) await drained(to);
  }

  return { look: () => void move() };
}

function damaged(bytes: Buffer, faults: Faults, random: () => number): Buffer {
  if (faults.oneIn === null) return bytes;
  const copy = Buffer.from(bytes);
  for (let i = 0; i < copy.length; i++) {
    if (random() * faults.oneIn >= 1) continue;
    copy[i] = (copy[i] ?? 0) ^ (1 << Math.floor(random() * 8));
    faults.damaged += 1;
  }
  return copy;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((done) => {
    const settle = (): void => {
      socket.off("drain", settle);
      socket.off("close", settle);
      done();
    };
    socket.on("drain", settle);
    socket.on("close", settle);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
