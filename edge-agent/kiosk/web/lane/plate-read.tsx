import { useState, type CSSProperties } from "react";
import { Modal, UnstyledButton } from "@mantine/core";
import { IconCameraOff } from "@tabler/icons-react";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { describeConfidence } from "../logic/lane-words.ts";
import type { TimeText } from "../logic/time-text.ts";
import classes from "./plate-read.module.css";

type Read = NonNullable<LaneView["read"]>;

type Props = {
  readonly read: Read | null;
  readonly time: TimeText;
  readonly nowMs: number;
};

/** The last plate a camera read in this lane, with its picture to compare. */
export function PlateRead({ read, time, nowMs }: Props) {
  if (read === null) {
    return (
      <section className={classes["read"]} aria-label="Last plate read">
        <NoPicture />
        <p className={classes["none"]}>No plate read yet</p>
      </section>
    );
  }
  return (
    <section className={classes["read"]} aria-label="Last plate read">
      {read.image_url === null ? (
        <NoPicture />
      ) : (
        <Picture key={read.image_url} url={read.image_url} plate={read.plate} />
      )}
      <div className={classes["words"]}>
        <Plate text={read.plate} />
        <Confidence confidence={read.confidence} />
        <p className={classes["source"]}>
          <time>{time.moment(Date.parse(read.at), nowMs)}</time>, {read.camera}
        </p>
      </div>
    </section>
  );
}

/** A number plate, drawn as one: the thing an attendant compares with the street. */
function Plate({ text }: { readonly text: string }) {
  if (text === "") return <p className={classes["none"]}>Not readable</p>;
  return (
    <p className={classes["plate"]} style={{ "--characters": text.length } as CSSProperties}>
      {text}
    </p>
  );
}

function Confidence({ confidence }: { readonly confidence: number | null }) {
  if (confidence === null) return null;
  const { percent, word, sure } = describeConfidence(confidence);
  return (
    <p className={classes["confidence"]} data-sure={sure || undefined}>
      <strong>{percent} %</strong> {word}
    </p>
  );
}

function Picture({ url, plate }: { readonly url: string; readonly plate: string }) {
  const [failed, setFailed] = useState(false);
  const [large, setLarge] = useState(false);
  if (failed) return <NoPicture />;
  const image = <img src={url} alt={`Camera picture of ${plate}`} onError={() => setFailed(true)} />;
  return (
    <>
      <UnstyledButton
        className={classes["picture"] ?? ""}
        onClick={() => setLarge(true)}
        aria-label="Enlarge the picture"
      >
        {image}
      </UnstyledButton>
      <Modal opened={large} onClose={() => setLarge(false)} size="min(1000px, 92vw)" title={plate}>
        <div className={classes["large"]}>{image}</div>
      </Modal>
    </>
  );
}

function NoPicture() {
  return (
    <div className={classes["picture"]} data-empty>
      <IconCameraOff size={26} aria-hidden />
      <span>No picture</span>
    </div>
  );
}
