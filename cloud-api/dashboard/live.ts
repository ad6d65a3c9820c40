/**
 * Tells watchers of an organisation what changed. However fast changes come, a snapshot is made at most once in
 * {@link PAUSE_MS} for all watchers together, and only while somebody watches. A slow watcher misses snapshots in
 * between, never the last one: what waits for it is one snapshot, not a queue.
 */
export type LiveDashboard = {
  /** Something the organisation's dashboards show has changed. To be called after the commit. */
  readonly changed: (organisationId: string) => void;
  /** @returns null when there are too many watchers already. */
  readonly watch: (organisationId: string) => Watcher | null;
  /** Ends all watchers. */
  readonly close: () => void;
};

export type Watcher = {
  /**
   * The next thing to send: a snapshot when there is a newer one, a `beat` when nothing happened for a while, `end`
   * when it is over. One call at a time.
   */
  readonly next: () => Promise<LiveMessage>;
  readonly leave: () => void;
};

export type LiveMessage =
  { readonly kind: "snapshot"; readonly data: string } | { readonly kind: "beat" | "end" };

/** Well under the second in which a change must show. */
const PAUSE_MS = 250;
const BEAT_MS = 15_000;
const MAX_WATCHERS = 100;

type Room = {
  readonly watchers: Set<Inbox>;
  /** A change came that the newest snapshot does not show. */
  stale: boolean;
  loading: boolean;
  latest: string | null;
};

/** What waits for one watcher. */
type Inbox = { snapshot: string | null; beat: boolean; ended: boolean; wake: (() => void) | null };

/**
 * @param load makes an organisation's snapshot.
 * @param onError is told when that fails; the next change or beat tries again.
 */
export function createLiveDashboard(
  load: (organisationId: string) => Promise<string>,
  onError: (error: unknown) => void,
): LiveDashboard {
  const rooms = new Map<string, Room>();
  const post = (inbox: Inbox, change: Partial<Inbox>) => {
    Object.assign(inbox, change);
    inbox.wake?.();
  };

  async function refresh(organisationId: string, room: Room): Promise<void> {
    if (room.loading) return;
    room.loading = true;
    while (room.stale && room.watchers.size > 0) {
      room.stale = false;
      try {
        const snapshot = await load(organisationId);
        room.latest = snapshot;
        for (const inbox of room.watchers) post(inbox, { snapshot });
      } catch (error) {
        onError(error);
      }
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
    room.loading = false;
  }

  const changed = (organisationId: string) => {
    const room = rooms.get(organisationId);
    if (room === undefined) return;
    room.stale = true;
    void refresh(organisationId, room);
  };

  // A beat also makes a new snapshot: a day ends and an edge falls silent without any event.
  const beats = setInterval(() => {
    for (const [organisationId, room] of rooms) {
      for (const inbox of room.watchers) post(inbox, { beat: true });
      changed(organisationId);
    }
  }, BEAT_MS);
  beats.unref();

  return {
    changed,
    watch(organisationId) {
      const watching = [...rooms.values()].reduce((sum, room) => sum + room.watchers.size, 0);
      if (watching >= MAX_WATCHERS) return null;
      let room = rooms.get(organisationId);
      if (room === undefined) {
        room = { watchers: new Set(), stale: true, loading: false, latest: null };
        rooms.set(organisationId, room);
      }
      const { watchers } = room;
      const inbox: Inbox = { snapshot: room.latest, beat: false, ended: false, wake: null };
      watchers.add(inbox);
      changed(organisationId);
      return {
        next: () => takeFrom(inbox),
        leave() {
          watchers.delete(inbox);
          if (watchers.size === 0) rooms.delete(organisationId);
          post(inbox, { ended: true });
        },
      };
    },
    close() {
      clearInterval(beats);
      for (const room of rooms.values()) for (const inbox of room.watchers) post(inbox, { ended: true });
      rooms.clear();
    },
  };
}

async function takeFrom(inbox: Inbox): Promise<LiveMessage> {
  for (;;) {
    if (inbox.ended) return { kind: "end" };
    if (inbox.snapshot !== null) {
      const data = inbox.snapshot;
      inbox.snapshot = null;
      return { kind: "snapshot", data };
    }
    if (inbox.beat) {
      inbox.beat = false;
      return { kind: "beat" };
    }
    await new Promise<void>((wake) => {
      inbox.wake = wake;
    });
    inbox.wake = null;
  }
}
