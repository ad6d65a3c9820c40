import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { readEnrolmentCode } from "@parkme/shared/protocol/enrolment";
import { type EdgeConfig, loadConfig } from "../config/load.ts";
import { enrolEdge } from "./enrol.ts";

/** `parkme-edge enroll`: makes this edge known to the cloud, with a code of headquarters, while the gate runs or before. */

const HELP = `parkme-edge enroll: makes this edge known to the cloud

  parkme-edge enroll CLOUD_URL CODE

  Headquarters makes the code; it is good once, for 15 minutes, and its letters may be typed as they look. A key is made
  here and never leaves this machine. Whatever box this facility's edge was before has no access from then on. An agent
  that is running takes it up by itself.

  --name NAME     what this box is called at headquarters (its host name)
  --replace       enrols anew an edge that is enrolled already
  --insecure      takes an http:// address of another machine: whoever listens there can take this edge's place
  --json          the answer as JSON
  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --help          this text
`;

type Output = { readonly out: (text: string) => void; readonly complain: (text: string) => void };

const OPTIONS = {
  name: { type: "string" },
  replace: { type: "boolean" },
  insecure: { type: "boolean" },
  json: { type: "boolean" },
  config: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** @returns the exit code. */
export async function runEnroll(
  args: readonly string[],
  usualConfig: string,
  { out, complain }: Output,
): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const [url, typed, ...more] = positionals;
  if (values.help === true || url === undefined || typed === undefined || more.length > 0) {
    (values.help === true ? out : complain)(HELP);
    return values.help === true ? 0 : 1;
  }
  const fail = (code: string, message: string): number => {
    if (values.json === true) out(`${JSON.stringify({ code, message })}\n`);
    else complain(`${message}\n`);
    return 1;
  };
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) return fail("config", describeProblems(path, loaded.error));
  const config = loaded.value;
  const problem = addressProblem(url, values.insecure === true) ?? configProblem(config, url, path);
  if (problem !== null) return fail("config", problem);
  const code = readEnrolmentCode(typed);
  if (code === null)
    return fail("code_unreadable", "that is no code: it has 16 letters and digits, XXXX-XXXX-XXXX-XXXX.");
  const name = (values.name ?? hostname()).trim().slice(0, 80);
  if (name === "") return fail("config", "--name must not be empty.");

  const { facility, data_dir: dataDir } = config;
  const cloud = { url: config.cloud?.url ?? url };
  const enrolled = await enrolEdge(
    { cloud, dataDir, code, facility, name, replace: values.replace === true },
    new AbortController().signal,
  );
  if (!enrolled.ok) return fail(enrolled.error.code, enrolled.error.message);
  if (values.json === true) out(`${JSON.stringify({ ...enrolled.value, cloud_url: cloud.url })}\n`);
  else {
    out(
      `${facility.name} (${facility.slug}) is enrolled at ${cloud.url} as edge ${enrolled.value.edge_id}.\n`,
    );
    if (config.cloud === undefined)
      out(`Now put  cloud: { url: ${cloud.url} }  into ${path}, and start the agent again.\n`);
  }
  return 0;
}

/** What is wrong with an address that a key is to be sent to; null = nothing. */
function addressProblem(text: string, insecure: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !["http:", "https:"].includes(url.protocol) ||
    url.username !== "" ||
    url.password !== ""
  )
    return "CLOUD_URL must be https://host, without a user or a password.";
  if (url.protocol === "https:" || insecure || isLoopback(url.hostname)) return null;
  return `${url.origin} is not encrypted: whoever listens could take this edge's place. Use https://, or --insecure if you must.`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function configProblem({ cloud }: EdgeConfig, url: string, path: string): string | null {
  if (cloud === undefined) return null;
  if (cloud.token_file !== undefined)
    return `${path} has cloud.edge_id and cloud.token_file: take both out of it, then enrol.`;
  if (new URL(cloud.url).href !== new URL(url).href)
    return `${path} has another address of the cloud: ${cloud.url}. Make them the same, then enrol.`;
  return null;
}
