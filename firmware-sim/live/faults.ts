import type { FaultView, ThingKind } from "./contract.ts";

/** Something that can be done to a thing of the site. */
export type Fault = {
  readonly what: string;
  readonly title: string;
} & (
  | { readonly kind: "press"; readonly press: () => void }
  | { readonly kind: "switch"; readonly isOn: () => boolean; readonly set: (on: boolean) => void }
);

/** Something of the site that faults are done to. */
export type Thing = {
  readonly target: string;
  readonly kind: ThingKind;
  readonly title: string;
  readonly lane: string | null;
  readonly status: () => string;
  readonly faults: readonly Fault[];
};

export function press(what: string, title: string, run: () => void): Fault {
  return { what, title, kind: "press", press: run };
}

/** A fault that is remembered here, because the thing itself does not tell whether it is on. */
export function remembered(what: string, title: string, set: (on: boolean) => void): Fault & Switch {
  let on = false;
  return {
    what,
    title,
    kind: "switch",
    isOn: () => on,
    set(value) {
      set(value);
      on = value;
    },
  };
}
type Switch = Extract<Fault, { kind: "switch" }>;

/**
 * Faults of which one at a time is on: setting one ends the one before. `become` is told the one that is on now, or
 * null.
 */
export function exclusive<What extends string>(
  titles: Readonly<Record<What, string>>,
  become: (what: What | null) => void,
): readonly Switch[] {
  let current: What | null = null;
  const change = (to: What | null): void => {
    become(to);
    current = to;
  };
  return (Object.keys(titles) as What[]).map((what) => ({
    what,
    title: titles[what],
    kind: "switch",
    isOn: () => current === what,
    set(on) {
      if (on) change(what);
      else if (current === what) change(null);
    },
  }));
}

export function viewOf(fault: Fault): FaultView {
  const { what, title } = fault;
  return { what, title, on: fault.kind === "switch" ? fault.isOn() : null };
}

/** Ends every fault that goes on. Goes through them all, and throws the first error after that. */
export function mendAll(things: readonly Thing[]): void {
  const errors: unknown[] = [];
  for (const fault of things.flatMap(({ faults }) => faults)) {
    if (fault.kind !== "switch" || !fault.isOn()) continue;
    try {
      fault.set(false);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
