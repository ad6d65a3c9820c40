import type { FacilityView } from "../../contract.ts";
import type { LinkEdge, LinkView } from "../../../fleet/link-contract.ts";
import { formatCount, formatDay, formatTime } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import { Fact, Facts } from "./facts.tsx";
import { clockWords, credentialWords, waitingWords } from "./words.ts";

type LinkPanelProps = { readonly facility: FacilityView; readonly link: LinkView };

/** How the gate and the cloud stand with each other, fact by fact. */
export function LinkPanel({ facility: { time_zone: zone }, link }: LinkPanelProps) {
  const { edge, restores, forks } = link;
  return (
    <Panel title="Link" aside={edge?.version !== null && edge !== null && `agent ${edge.version}`}>
      {edge === null ? (
        <Nothing>No gate is enrolled</Nothing>
      ) : (
        <Facts>
          <EdgeFacts edge={edge} />
          {restores.map(({ epoch, reason, at }) => (
            <Fact key={epoch} name="Restored" tone="warn">
              {formatDay(at, zone)} {formatTime(at, zone)}: {reason}
            </Fact>
          ))}
          {forks > 0 && (
            <Fact name="Forked events" tone="bad">
              {formatCount(forks)}
            </Fact>
          )}
        </Facts>
      )}
    </Panel>
  );
}

const MANY = 1_000;

function EdgeFacts({ edge }: { readonly edge: LinkEdge }) {
  const clock = clockWords(edge.clock_offset_ms);
  return (
    <>
      <Fact name="Events here">{formatCount(edge.seq)}</Fact>
      <Fact name="Waiting at the gate" tone={edge.waiting > MANY ? "busy" : "none"}>
        {waitingWords(edge)}
      </Fact>
      <Fact name="Gate's clock" tone={clock.tone}>
        {clock.text}
      </Fact>
      <Fact name="Signs in" tone={edge.credential === "none" ? "bad" : "none"}>
        {credentialWords(edge)}
      </Fact>
    </>
  );
}
