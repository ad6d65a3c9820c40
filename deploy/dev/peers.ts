import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runChild } from "./child.ts";

/** A Debian package that tests need, and what proves by its presence that it (or an equal) is installed. */
export interface Peer {
  readonly package: string;
  /** A program on the PATH, or the full path of a file. */
  readonly program: string;
  /** What is tested with it. */
  readonly use: string;
}

export const PEERS: readonly Peer[] = [
  { package: "mosquitto", program: "mosquitto", use: "the production MQTT broker" },
  { package: "mosquitto-clients", program: "mosquitto_sub", use: "an MQTT client that is not ours" },
  { package: "socat", program: "socat", use: "pairs of serial ports" },
  { package: "chromium", program: "chromium", use: "the kiosk and the dashboard in a browser" },
  { package: "mbpoll", program: "mbpoll", use: "a Modbus client that is not ours" },
  {
    package: "python3-pymodbus",
    program: "/usr/lib/python3/dist-packages/pymodbus/__init__.py",
    use: "a Modbus server that is not ours",
  },
  {
    package: "python3-serial-asyncio",
    program: "/usr/lib/python3/dist-packages/serial_asyncio/__init__.py",
    use: "pymodbus on a serial line",
  },
  { package: "libmodbus-dev", program: "/usr/include/modbus/modbus.h", use: "another Modbus server" },
  { package: "gcc", program: "gcc", use: "compiling the libmodbus server" },
  { package: "libc6-dev", program: "/usr/include/stdio.h", use: "compiling the libmodbus server" },
  { package: "zbar-tools", program: "zbarimg", use: "reading the QR codes that our tickets carry" },
  {
    package: "redis-server",
    program: "redis-server",
    use: "the caches and limits that several API processes share",
  },
  { package: "poppler-utils", program: "pdftotext", use: "reading the PDF of a receipt" },
];

/** Daemons live in sbin, which an ordinary user's PATH leaves out. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The peers whose program is in none of the folders of `searchPath` (a PATH) nor in the system's sbin folders. */
export function missingPeers(
  searchPath: string,
  exists: (path: string) => boolean = existsSync,
  peers: readonly Peer[] = PEERS,
): Peer[] {
  const folders = [...searchPath.split(delimiter).filter((folder) => folder !== ""), ...SYSTEM_FOLDERS];
  const installed = ({ program }: Peer): boolean =>
    program.startsWith("/") ? exists(program) : folders.some((folder) => exists(join(folder, program)));
  return peers.filter((peer) => !installed(peer));
}

/** The message for somebody who has to install the missing peers by hand. */
export function installHint(missing: readonly Peer[]): string {
  return [
    "Tests need programs that are not installed here:",
    ...missing.map((peer) => `  ${peer.program.padEnd(14)} ${peer.use} (Debian package ${peer.package})`),
    "Install them, then run the tests again:",
    `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packageNames(missing)}`,
  ].join("\n");
}

/**
 * Make sure that every peer is there: install the missing ones when this user may (root, or sudo without a
 * password, on a system with apt-get).
 *
 * @throws with instructions when something is missing and cannot be installed: a missing peer is never a skipped test.
 */
export async function ensurePeers(): Promise<void> {
  const missing = missingPeers(process.env["PATH"] ?? "");
  if (missing.length === 0) return;
  const asRoot = await rootCommand();
  if (asRoot === null || !existsSync("/usr/bin/apt-get")) throw new Error(installHint(missing));

  console.error(`installing for the tests: ${packageNames(missing)}`);
  const [command, ...args] = asRoot;
  const code = await runChild(
    command,
    [...args, "sh", "-c", INSTALL, "install", ...missing.map((peer) => peer.package)],
    {
      timeout: 15 * 60_000,
      // apt's progress is for reading: stdout belongs to the tests' own output.
      stdio: ["ignore", process.stderr, process.stderr],
    },
  );
  const stillMissing = missingPeers(process.env["PATH"] ?? "");
  if (code !== 0 || stillMissing.length > 0) {
    throw new Error(
      `apt-get failed (exit code ${code}).\n${installHint(stillMissing.length > 0 ? stillMissing : missing)}`,
    );
  }
}

/**
 * Install packages without starting their services. Debian starts a daemon when it installs one, and mosquitto would
 * take port 1883 from the demo; packages ask /usr/sbin/policy-rc.d first, and its exit code 101 means "do not start".
 * Whatever was there before is put back, also when the installation fails or is interrupted.
 */
const INSTALL = `
set -eu
policy=/usr/sbin/policy-rc.d
kept=$policy.before-parkme
restore() { rm -f "$policy"; if [ -e "$kept" ]; then mv "$kept" "$policy"; fi; }
trap restore EXIT
trap 'exit 130' INT TERM HUP
if [ -e "$policy" ] && [ ! -e "$kept" ]; then mv "$policy" "$kept"; fi
printf '#!/bin/sh\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get update -o Acquire::Retries=3
apt-get install -y --no-install-recommends -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"
`;

/** The command prefix that makes a command run as root without asking; null when there is none. */
async function rootCommand(): Promise<[string, ...string[]] | null> {
  if (process.getuid?.() === 0) return ["env"];
  try {
    const code = await runChild("sudo", ["-n", "true"], { stdio: "ignore" });
    return code === 0 ? ["sudo", "-n"] : null;
  } catch {
    // No sudo on this machine.
    return null;
  }
}

function packageNames(peers: readonly Peer[]): string {
  return peers.map((peer) => peer.package).join(" ");
}
