import { ActionIcon, Alert, Center, Loader } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useCallback } from "react";
import type { CommandView } from "@parkme/shared/protocol/downlink";
import type { CapacityView } from "../../../capacity/contract.ts";
import type { EqualityView } from "../../../fleet/equality-contract.ts";
import type { LinkView } from "../../../fleet/link-contract.ts";
import type { ManifestView } from "../../../fleet/manifest-contract.ts";
import type { FacilityView } from "../../contract.ts";
import { describeEdge } from "../format.ts";
import { BooksPanel } from "./books-panel.tsx";
import { CommandsPanel } from "./commands-panel.tsx";
import { EnrolButton } from "./enrol-button.tsx";
import { addressOf, get, markSeen, readCommands, readLink, readSpaces } from "./gate-api.ts";
import styles from "./gate.module.css";
import { IncidentPanel } from "./incident-panel.tsx";
import { LanesPanel } from "./lanes-panel.tsx";
import { LinkPanel } from "./link-panel.tsx";
import { SettingsPanel } from "./settings-panel.tsx";
import { SpacesPanel } from "./spaces-panel.tsx";
import { usePolled } from "./use-polled.ts";

type GatePageProps = {
  readonly facility: FacilityView;
  readonly nowMs: number;
  readonly onBack: () => void;
};

const POLL_MS = 3_000;

type Known = {
  readonly link: LinkView;
  readonly commands: readonly CommandView[];
  readonly books: EqualityView;
  readonly manifest: ManifestView;
  readonly spaces: CapacityView;
};

async function readAll(id: string): Promise<Known> {
  const [link, commands, books, manifest, spaces] = await Promise.all([
    readLink(id),
    readCommands(id),
    get<EqualityView>(id, "equality"),
    get<ManifestView>(id, "manifest"),
    readSpaces(id),
  ]);
  return { link, commands, books, manifest, spaces };
}

/** One gate as headquarters looks after it: what it does now, what was asked of it, and whether the two agree. */
export function GatePage({ facility, nowMs, onBack }: GatePageProps) {
  const { id } = facility;
  const { value, problem, refresh } = usePolled(
    useCallback(() => readAll(id), [id]),
    POLL_MS,
  );
  return (
    <main className={styles["page"]}>
      <div className={styles["top"]}>
        <ActionIcon variant="default" size="lg" aria-label="Back to all facilities" onClick={onBack}>
          <IconArrowLeft size={18} />
        </ActionIcon>
        <Heading facility={facility} nowMs={nowMs} />
        {value !== null && <EnrolButton facility={facility} replaces={isEnrolled(value.link)} />}
      </div>
      {problem !== null && <Alert color="yellow">{problem}</Alert>}
      {value === null ? (
        <Center h="100%">{problem === null && <Loader type="dots" aria-label="Loading" />}</Center>
      ) : (
        <Panels facility={facility} nowMs={nowMs} known={value} refresh={refresh} />
      )}
    </main>
  );
}

function Heading({ facility, nowMs }: Pick<GatePageProps, "facility" | "nowMs">) {
  const { tone, text } = describeEdge(facility.edge, nowMs);
  return (
    <div className={styles["heading"]}>
      <h1>{facility.name}</h1>
      <p>
        The gate <span className={styles["dot"]} data-tone={tone} />
        <span data-tone={tone}>{text}</span>
      </p>
    </div>
  );
}

type PanelsProps = Pick<GatePageProps, "facility" | "nowMs"> & {
  readonly known: Known;
  readonly refresh: () => void;
};

function Panels({ facility, nowMs, known, refresh }: PanelsProps) {
  const { id } = facility;
  const { link, commands, books, manifest, spaces } = known;
  const seen = (incidentId: string) => void markSeen(id, incidentId).then(refresh, refresh);
  return (
    <div className={styles["panels"]}>
      <div className={styles["column"]}>
        <LanesPanel facility={facility} nowMs={nowMs} onSent={refresh} />
        <LinkPanel facility={facility} link={link} />
        <SettingsPanel facility={facility} manifest={manifest} nowMs={nowMs} />
      </div>
      <div className={styles["column"]}>
        <IncidentPanel facility={facility} link={link} nowMs={nowMs} onSeen={seen} />
        <CommandsPanel facility={facility} commands={commands} nowMs={nowMs} />
      </div>
      <div className={styles["column"]}>
        <BooksPanel books={books} csvUrl={addressOf(id, "equality?format=csv")} />
        <SpacesPanel facility={facility} spaces={spaces} nowMs={nowMs} />
      </div>
    </div>
  );
}

function isEnrolled({ edge }: LinkView): boolean {
  return edge !== null && edge.credential !== "none";
}
