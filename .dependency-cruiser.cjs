/**
 * Import directions. What each package may know of the others is the design; this file makes it fail loudly.
 * `npm run check` runs it over the five packages.
 */
const TEST = "(\\.test\\.tsx?$|/testing/|^firmware-sim/(scenarios|torture)/)";
const BENCH = "/bench/";
const WEB = "^(edge-agent/kiosk|cloud-api/dashboard|firmware-sim/live)/web/";
const TOOLS = "(\\.config\\.ts$|^deploy/dev/)";
const SQL_LIBRARIES = "node_modules/(better-sqlite3|drizzle-orm|pg|postgres)/";
/** Where the programs run in the simulator's own process, under a clock of its own. */
const IN_PROCESS = "^firmware-sim/(scenarios/schedules|simulation)/";
const LANE_MACHINES = "^edge-agent/lanes/([^/]+-lane\\.ts$|machine/)";

const packages = [
  {
    name: "shared-imports-nothing-of-ours",
    comment: "shared runs at the edge, in the cloud and in the browser: it knows none of them.",
    from: { path: "^shared/" },
    to: { path: "^(edge-agent|cloud-api|firmware-sim|deploy)/" },
  },
  {
    name: "shared-is-pure",
    comment: "No files, sockets, clocks or processes in shared.",
    from: { path: "^shared/", pathNot: TEST },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "edge-agent-imports-only-shared",
    comment: "The edge never depends on the cloud's code, nor on the simulator's.",
    from: { path: "^edge-agent/" },
    to: { path: "^(cloud-api|firmware-sim|deploy)/" },
  },
  {
    name: "cloud-api-imports-only-shared",
    comment: "The cloud never depends on the edge's code, nor on the simulator's.",
    from: { path: "^cloud-api/" },
    to: { path: "^(edge-agent|firmware-sim|deploy)/" },
  },
  {
    name: "firmware-sim-imports-only-shared",
    comment:
      "The simulator stands where hardware stands: it meets the other programs over the wire only. The schedules and the simulation alone run both in one process, because there only can a seed repeat a history.",
    from: { path: "^firmware-sim/", pathNot: IN_PROCESS },
    to: { path: "^(edge-agent|cloud-api|deploy)/" },
  },
  {
    name: "judges-know-nothing-of-the-judged",
    comment:
      "The world and the checker are written apart from the programs: a rule that both share would be right by itself.",
    from: { path: "^firmware-sim/(world|traffic|simulation/checker)/", pathNot: TEST },
    to: { path: "^(edge-agent|cloud-api)/" },
  },
];

const edgeAgent = [
  {
    name: "lane-machines-import-only-pure-lane-code",
    comment:
      "entry-lane, exit-lane and their machine: shared and their pure neighbours, no libraries, no node.",
    from: { path: LANE_MACHINES, pathNot: TEST },
    to: { pathNot: "^(shared/|edge-agent/lanes/(?!lane-runner))" },
  },
  {
    name: "lane-machines-reach-no-io",
    comment: "Not by a detour either: a neighbour that imports the store makes the machine impure.",
    from: { path: LANE_MACHINES, pathNot: TEST },
    to: { path: "^edge-agent/((?!lanes/)|lanes/lane-runner)", reachable: true },
  },
  {
    name: "devices-store-sync-never-import-lanes",
    comment: "What they learn goes to a lane as an event, never as a call.",
    from: { path: "^edge-agent/(devices|store|sync)/" },
    to: { path: "^edge-agent/lanes/" },
  },
];

const sql = [
  {
    name: "sql-only-in-the-edge-store",
    comment: "SQL at the edge lives in edge-agent/store.",
    from: {
      path: "^edge-agent/",
      pathNot: ["^edge-agent/store/", "^edge-agent/drizzle\\.config\\.ts$", TEST, BENCH],
    },
    to: { path: SQL_LIBRARIES },
  },
  {
    name: "sql-only-in-cloud-queries",
    comment: "SQL in the cloud lives in cloud-api/db and in the queries files.",
    from: {
      path: "^cloud-api/",
      pathNot: [
        "^cloud-api/db/",
        "/(queries|[^/]+\\.queries)\\.ts$",
        "^cloud-api/drizzle\\.config\\.ts$",
        TEST,
        BENCH,
      ],
    },
    to: { path: SQL_LIBRARIES },
  },
  {
    name: "no-sql-elsewhere",
    comment: "Nobody else opens a database.",
    from: { path: "^(shared|firmware-sim|deploy)/", pathNot: [TEST, BENCH, IN_PROCESS] },
    to: { path: SQL_LIBRARIES },
  },
];

const general = [
  {
    name: "no-circular",
    comment: "A circle is one thing in two files, or two things that know too much of each other.",
    from: {},
    to: { circular: true },
  },
  {
    name: "no-orphans",
    comment: "Nobody imports it and it is not an entry: delete it, or import it.",
    from: {
      orphan: true,
      pathNot: [
        "\\.d\\.ts$",
        TEST,
        BENCH,
        TOOLS,
        "^(edge-agent|cloud-api|firmware-sim)/(main|broker|demo|admin/main)\\.ts$",
        "/web/main\\.tsx$",
      ],
    },
    to: {},
  },
  {
    name: "no-dev-dependencies-in-production",
    comment:
      "What runs in production is declared under dependencies (pages are bundled, so they are exempt).",
    from: {
      path: "^(shared|edge-agent|cloud-api|firmware-sim)/",
      pathNot: [TEST, BENCH, WEB, TOOLS, IN_PROCESS],
    },
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
  },
  {
    name: "no-tests-in-production",
    comment: "Test code stays in tests.",
    from: { pathNot: [TEST, BENCH, IN_PROCESS] },
    to: { path: TEST },
  },
  {
    name: "resolvable",
    comment: "An import that resolves to nothing.",
    from: {},
    to: { couldNotResolve: true },
  },
];

module.exports = {
  forbidden: [...packages, ...edgeAgent, ...sql, ...general].map((rule) => ({ severity: "error", ...rule })),
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|\\.tsbuild|\\.parkme|coverage)/" },
    // A type-only import is a dependency too: the directions hold for knowledge, not only for running code.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default", "require"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".cjs", ".json", ".d.ts"],
    },
  },
};
