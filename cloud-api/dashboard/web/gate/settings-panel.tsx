import type { ManifestView } from "../../../fleet/manifest-contract.ts";
import type { FacilityView } from "../../contract.ts";
import { formatCount, formatSpan, formatWhen } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import { Fact, Facts } from "./facts.tsx";

type SettingsPanelProps = {
  readonly facility: FacilityView;
  readonly manifest: ManifestView;
  readonly nowMs: number;
};

/** What headquarters has decided for the gate, and how much of it the gate knows already. */
export function SettingsPanel({ facility: { time_zone: zone }, manifest, nowMs }: SettingsPanelProps) {
  const { version, made_at: madeAt, sections } = manifest;
  const counts = Object.entries(sections).toSorted(([, a], [, b]) => b - a);
  return (
    <Panel title="Settings" aside={version > 0 && `version ${formatCount(version)}`}>
      {madeAt === null ? (
        <Nothing>Nothing was published: the gate goes by its own files</Nothing>
      ) : (
        <Facts>
          <AtTheGate edge={manifest.edge} />
          <Fact name="Published">{formatWhen(madeAt, zone, nowMs)}</Fact>
          {counts.map(([section, count]) => (
            <Fact key={section} name={SECTION_WORDS[section] ?? section.replaceAll("_", " ")}>
              {formatCount(count)}
            </Fact>
          ))}
        </Facts>
      )}
    </Panel>
  );
}

function AtTheGate({ edge }: Pick<ManifestView, "edge">) {
  const name = "At the gate";
  if (edge === null)
    return (
      <Fact name={name} tone="warn">
        none yet
      </Fact>
    );
  if (edge.newest)
    return (
      <Fact name={name} tone="good">
        in force
      </Fact>
    );
  const age = edge.age_seconds === null ? "" : `, ${formatSpan(edge.age_seconds)} old`;
  return (
    <Fact name={name} tone="warn">
      version {formatCount(edge.version)}
      {age}
    </Fact>
  );
}

const SECTION_WORDS: Readonly<Record<string, string>> = {
  tariffs: "Tariffs",
  permits: "Permits",
  reservations: "Reservations",
  blocked: "Blocked plates",
  watched: "Watched plates",
  zones: "Quotas of zones",
  capacity: "Capacities",
  staff: "Attendants",
  ticket_keys: "Ticket keys",
};
