import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The programs of the build, beside the sources. */
export const DIST = resolve(import.meta.dirname, "../../dist");

/** What is run besides ours, and the Debian package that it comes with. */
const TOOLS: Readonly<Record<string, string>> = {
  "mkfs.ext4": "e2fsprogs",
  mount: "mount",
  umount: "mount",
  fallocate: "util-linux",
  cp: "coreutils",
  sync: "coreutils",
  perl: "perl-base",
};

export type Machine = {
  readonly platform: string;
  /** Of the user who asks; undefined where there are no such numbers. */
  readonly uid: number | undefined;
  readonly exists: (path: string) => boolean;
};

/** Where Linux has its tools; not all of these are on everybody's path. */
const TOOL_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/** The machine that this runs on. */
export function thisMachine(): Machine {
  return { platform: process.platform, uid: process.getuid?.(), exists: existsSync };
}

/** Where a tool is; its name alone where it is nowhere. */
export function toolPath(tool: string, exists: Machine["exists"] = existsSync): string {
  return TOOL_FOLDERS.map((folder) => join(folder, tool)).find(exists) ?? tool;
}

/** What is missing here, each with what to do about it; none = it can be tried. */
export function whatIsMissing({ platform, uid, exists }: Machine): readonly string[] {
  if (platform !== "linux")
    return [`this runs on Linux only, for it mounts ext4 images; this machine is ${platform}`];
  const missing: string[] = [];
  if (uid !== 0) missing.push("root is needed, to mount images: run it with sudo");
  const lacking = Object.keys(TOOLS).filter((tool) => toolPath(tool, exists) === tool);
  if (lacking.length > 0) {
    const packages = [...new Set(lacking.map((tool) => TOOLS[tool]))].join(" ");
    missing.push(`${lacking.join(", ")} cannot be found: apt-get install ${packages}`);
  }
  if (!exists("/dev/loop-control"))
    missing.push("there is no /dev/loop-control: modprobe loop (in a container: give it the loop devices)");
  const programs = ["edge-agent/main.mjs", "edge-agent/broker.mjs", "cloud-api/main.mjs"];
  if (!programs.every((file) => exists(join(DIST, file))))
    missing.push("the programs are not built: npm run build");
  return missing;
}
