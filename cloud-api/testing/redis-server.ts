import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** A real Redis on a port of its own, which keeps nothing on disk. */
export type RedisServer = {
  readonly url: string;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Begins again on the same port, with nothing in it. */
  readonly start: () => Promise<void>;
  /** It is there, and answers nothing. */
  readonly freeze: () => void;
  readonly thaw: () => void;
};

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  async function start(): Promise<void> {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const mine = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    child = mine;
    const failed = once(mine, "exit").then(([code]) => {
      throw new Error(`redis-server ended with ${String(code)}`);
    });
    await Promise.race([saysReady(mine), failed]);
    failed.catch(() => undefined);
  }
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    async kill() {
      if (child === null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      child = null;
      await ended;
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}

async function saysReady({ stdout }: ChildProcess): Promise<void> {
  let text = "";
  await new Promise<void>((resolve) => {
    stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("Ready to accept connections")) resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
