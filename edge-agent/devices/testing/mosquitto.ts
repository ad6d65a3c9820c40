import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type RunningProgram, runProgram, startProgram, untilListening } from "./programs.ts";
import { until } from "./until.ts";

const DEPLOYED = join(import.meta.dirname, "../../../deploy/edge");
export const PASSWORD = "correct horse";

/** mosquitto with the settings it is deployed with, but on a free port and with users of its own. */
export async function startMosquitto(users: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "parkme-mosquitto-"));
  const port = await freePort();
  const passwords = join(folder, "passwd");
  const configuration = join(folder, "mosquitto.conf");
  let deployed = await readFile(join(DEPLOYED, "mosquitto.conf"), "utf8");
  for (const [line, replacement] of [
    ["listener 1883 127.0.0.1", `listener ${port} 127.0.0.1`],
    ["password_file /etc/mosquitto/parkme.passwd", `password_file ${passwords}`],
    ["acl_file /etc/mosquitto/parkme.acl", `acl_file ${join(folder, "acl")}`],
  ] as const) {
    if (!deployed.includes(line)) throw new Error(`mosquitto.conf has no line: ${line}`);
    deployed = deployed.replace(line, replacement);
  }
  await writeFile(configuration, deployed);
  await writeFile(join(folder, "acl"), await readFile(join(DEPLOYED, "mosquitto.acl")));
  await writeFile(passwords, "");
  for (const user of users) await runProgram("mosquitto_passwd", ["-b", passwords, user, PASSWORD]);
  // Started by root it becomes the user mosquitto, who must be able to read all this.
  await chmod(folder, 0o755);
  for (const file of [passwords, configuration, join(folder, "acl")]) await chmod(file, 0o644);

  let program: RunningProgram | null = null;
  const tools: RunningProgram[] = [];
  const access = (user: string): string[] => ["-p", String(port), "-u", user, "-P", PASSWORD];
  const start = async (): Promise<void> => {
    program = startProgram("mosquitto", ["-c", configuration]);
    await untilListening(port, `mosquitto to listen; it said: ${program.output()}`);
  };
  const stop = async (): Promise<void> => {
    await program?.stop();
    program = null;
  };
  await start();
  return {
    port,
    start,
    stop,
    signal: (signal: NodeJS.Signals) => program?.signal(signal),
    /** Publishes with mosquitto's own client; resolves when the broker has acknowledged it. */
    publish: (user: string, topic: string, message: object | string, ...options: string[]) => {
      const text = typeof message === "string" ? message : JSON.stringify(message);
      return runProgram("mosquitto_pub", [...access(user), "-q", "1", "-t", topic, "-m", text, ...options]);
    },
    /** Listens with mosquitto's own client: a line for each message, `retained qos payload`, among its remarks. */
    async listen(user: string, topic: string, ...options: string[]): Promise<RunningProgram> {
      const subscribe = ["-q", "1", "-t", topic, "-F", "%r %q %p", "-d", ...options];
      // Written to a pipe, its remarks would wait for a buffer to fill.
      const tool = startProgram("stdbuf", ["-o0", "mosquitto_sub", ...access(user), ...subscribe]);
      tools.push(tool);
      await until(() => tool.output().includes("SUBACK"), `the subscription to ${topic}`);
      return tool;
    },
    async remove(): Promise<void> {
      for (const tool of tools) await tool.stop();
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}
