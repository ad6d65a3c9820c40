import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { freePort, type RunningProgram, runProgram, startProgram } from "./devices/testing/programs.ts";
import { until } from "./devices/testing/until.ts";

const PROGRAM = ["--import", "tsx", join(import.meta.dirname, "broker.ts")];
const running: { readonly stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const program of running.splice(0).toReversed()) await program.stop();
});

function run(environment: Readonly<Record<string, string>>, ...args: string[]): RunningProgram {
  const program = startProgram(process.execPath, [...PROGRAM, ...args], environment);
  running.push(program);
  return program;
}

async function startBroker() {
  const program = run({ PARKME_MQTT_PORT: "0" });
  const ready = (): RegExpExecArray | null => /"event":"ready".*"port":(\d+)/.exec(program.output());
  await until(() => ready() !== null, `the broker; it said: ${program.output()}`);
  const port = ready()?.[1] ?? "";
  return {
    ...program,
    port,
    publish: (...options: string[]) => runProgram("mosquitto_pub", ["-p", port, "-q", "1", ...options]),
    async listen(...options: string[]): Promise<RunningProgram> {
      const subscribe = ["-p", port, "-q", "1", "-F", "%r %t %p", "-d", ...options];
      const tool = startProgram("stdbuf", ["-o0", "mosquitto_sub", ...subscribe]);
      running.push(tool);
      await until(() => tool.output().includes("SUBACK"), "the subscription");
      return tool;
    },
  };
}

describe("the embedded broker", () => {
  it("carries messages, remembers what is retained, and flags it", async () => {
    const broker = await startBroker();
    const early = await broker.listen("-t", "t");
    await broker.publish("-t", "t", "-m", "hello", "-r");
    await until(() => early.output().includes("0 t hello"), "the live message");
    const late = await broker.listen("-t", "t");
    await until(() => late.output().includes("1 t hello"), "the retained message");
  });

  it("retains no command", async () => {
    const broker = await startBroker();
    const topic = "parkme/demo/board/entry-board/cmd";
    const board = await broker.listen("-t", topic);
    await broker.publish("-t", topic, "-m", "command", "-r");
    await until(() => board.output().includes(`0 ${topic} command`), "the command, delivered");
    await broker.publish("-t", "parkme/demo/board/entry-board/state", "-m", "state", "-r");
    const later = await broker.listen("-t", "parkme/#");
    await until(() => later.output().includes("state state"), "what is retained");
    expect(later.output()).not.toContain("command");
    expect(broker.output()).toContain("published, but not retained");
  });

  it("keeps nothing for a client that is away", async () => {
    const broker = await startBroker();
    const session = ["-t", "t", "-i", "sleeper", "-c"];
    await (await broker.listen(...session)).stop();
    await broker.publish("-t", "t", "-m", "missed");
    const back = await broker.listen(...session);
    await broker.publish("-t", "t", "-m", "heard");
    await until(() => back.output().includes("0 t heard"), "the next message");
    expect(back.output()).not.toContain("missed");
  });

  it("cuts off who sends what is too long, whether it comes at once or promises to", async () => {
    const broker = await startBroker();
    const others = await broker.listen("-t", "t");
    const promise = connect(Number(broker.port), "127.0.0.1");
    let closed = false;
    promise.on("error", () => undefined);
    promise.on("close", () => (closed = true));
    // CONNECT as client "x", then the beginning of a PUBLISH of 200 MB.
    promise.write(Buffer.from("100d00044d5154540402003c000178" + "30808080640001", "hex"));
    await until(() => closed, "the connection to be cut");
    await until(() => broker.output().includes("packet too long"), "the log line");

    await broker.publish("-t", "t", "-m", "y".repeat(16_385)).catch(() => undefined);
    await broker.publish("-t", "t", "-m", "x".repeat(16_384));
    await until(() => others.output().includes(`t ${"x".repeat(16_384)}`), "the longest message");
    expect(others.output().includes("yyyy")).toBe(false);
  });

  it("refuses a connection too many", async () => {
    const broker = await startBroker();
    const sockets: Socket[] = [];
    running.push({ stop: () => Promise.resolve(sockets.forEach((socket) => socket.destroy())) });
    let closed = 0;
    for (let i = 0; i < 65; i++) {
      const socket = connect(Number(broker.port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.on("close", () => (closed += 1));
      sockets.push(socket);
    }
    await until(() => closed === 1, "one of them to be refused");
    await until(() => broker.output().includes("too many clients"), "the log line");
  });

  it("stops cleanly when asked to, with clients connected", async () => {
    const broker = await startBroker();
    await broker.listen("-t", "t");
    const nameless = connect(Number(broker.port), "127.0.0.1");
    nameless.on("error", () => undefined);
    await new Promise((resolve) => nameless.once("connect", resolve));
    broker.signal("SIGTERM");
    await until(() => broker.exitCode() !== null, "the end");
    expect(broker.exitCode()).toBe(0);
  });

  it("says which port is taken and what to set", async () => {
    const broker = await startBroker();
    const second = run({ PARKME_MQTT_PORT: broker.port });
    await until(() => second.exitCode() !== null, "the end");
    expect(second.exitCode()).toBe(1);
    expect(second.output()).toContain(`127.0.0.1:${broker.port}`);
    expect(second.output()).toContain("PARKME_MQTT_PORT");
  });

  it("explains itself, and what it does not understand", async () => {
    const help = run({}, "--help");
    const port = run({ PARKME_MQTT_PORT: "http" });
    const host = run({ PARKME_MQTT_HOST: "192.0.2.1", PARKME_MQTT_PORT: String(await freePort()) });
    const option = run({}, "--port=1");
    await until(() => [help, port, host, option].every(({ exitCode }) => exitCode() !== null), "all ends");
    expect([help, port, host, option].map(({ exitCode }) => exitCode())).toEqual([0, 1, 1, 1]);
    expect(help.output()).toContain("Usage");
    expect(port.output()).toContain("PARKME_MQTT_PORT");
    expect(host.output()).toContain("PARKME_MQTT_HOST");
    expect(option.output()).toContain("--port");
  });
});
