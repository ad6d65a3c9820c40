/** What headquarters sees of a facility's manifest: `GET /api/facilities/:facilityId/manifest`. */
export type ManifestView = {
  /** 0 = nothing was ever published. */
  readonly version: number;
  /** RFC 3339; null = nothing was published. */
  readonly made_at: string | null;
  readonly digest: string | null;
  readonly entries: number;
  /** Entries by section; sections without any are left out. */
  readonly sections: Readonly<Record<string, number>>;
  /** What the gate has; null = none that we know of. */
  readonly edge: {
    readonly version: number;
    readonly made_at: string | null;
    /** How long ago it was published; null = it is not known here any more. */
    readonly age_seconds: number | null;
    readonly newest: boolean;
  } | null;
};

/** The answer to every change: the version in force, and how many entries changed. */
export type ManifestChanged = { readonly version: number; readonly changed: number };

/** What is wrong with a change, beside the problem document: `problems`. */
export type ManifestProblem = { readonly path: string; readonly message: string };
