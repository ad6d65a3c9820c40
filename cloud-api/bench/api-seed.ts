import type pg from "pg";

/** How much there is before anything is measured. */
export type SeedSize = { readonly facilities: number; readonly bookings: number };

const SPOTS_EACH = 60;

/** Facilities with zones, spots, tariffs and bookings, straight into the tables. @returns the facilities' ids. */
export async function seed(pool: pg.Pool, { facilities, bookings }: SeedSize): Promise<string[]> {
  await pool.query(`insert into organisations (slug, name) values ('bench', 'Bench') on conflict do nothing`);
  await pool.query(
    `insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity, kind, city, country,
       latitude, longitude, bookable)
     select gen_random_uuid(), o.id, 'bench-' || n, 'Bench ' || n, 'Europe/Berlin', 'EUR', ${SPOTS_EACH}, 'mall',
       (array['Berlin', 'Hamburg', 'Munich', 'Cologne', 'New York', 'Pune', 'Tokyo', 'Paris'])[1 + n % 8], 'DE',
       47 + random() * 8, 6 + random() * 9, true
     from organisations o, generate_series(1, $1::int) n where o.slug = 'bench'`,
    [facilities],
  );
  await pool.query(`insert into zones (facility_id, id, slug, name)
    select id, gen_random_uuid(), 'main', 'Main' from facilities where slug like 'bench-%'`);
  await pool.query(
    `insert into spots (facility_id, id, zone_id, number, size, size_rank, ev, accessible, status_at, status_by)
     select z.facility_id, gen_random_uuid(), z.id, n::text, s.size, s.rank, n % 10 = 0, n % 15 = 0, now(), 'bench'
     from zones z, generate_series(1, ${SPOTS_EACH}) n,
       lateral (select (array['compact', 'standard', 'standard', 'large'])[1 + n % 4] as size, (array[1, 2, 2, 3])[1 + n % 4] as rank) s`,
  );
  await pool.query(`insert into spot_counts (facility_id, zone_id, size, ev, accessible, total, occupied, blocked)
    select facility_id, zone_id, size, ev, accessible, count(*), 0, 0 from spots group by 1, 2, 3, 4, 5`);
  await pool.query(
    `insert into tariff_versions (facility_id, tariff_id, version, status, title, document, valid_from, made_by, made_at, published_at)
     select id, 'standard', 1, 'published', 'Standard', '{"name":"Hourly Standard Rate","hourly":{"price":"4.00"}}',
       now() - interval '1 day', 'bench', now(), now() from facilities where slug like 'bench-%'`,
  );
  // Days apart on each spot: what is measured later lies behind them.
  await pool.query(
    `insert into bookings (facility_id, id, user_id, vehicle_id, plate, vehicle_type, status, ticket_number, spot_id,
       entry_time, expected_exit, held_until, estimated_minor, currency, applied_rule, tariff, made_at, changed_at, untold)
     select s.facility_id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'B' || n, 'car', 'CONFIRMED',
       'PKM-' || upper(substr(md5(s.id::text || k), 1, 8)), s.id, t.at, t.at + interval '4 hours', t.at + interval '4 hours',
       1600, 'EUR', 'Hourly Standard Rate', 'standard@1', now(), now(), false
     from (select *, row_number() over (order by facility_id, id) as n from spots) s, generate_series(1, 3) k,
       lateral (select date_trunc('hour', now()) + k * interval '1 day' + (n % 18) * interval '1 hour' as at) t
     order by k, n limit $1`,
    [bookings],
  );
  await pool.query("analyze");
  const { rows } = await pool.query<{ id: string }>(
    "select id from facilities where slug like 'bench-%' order by id",
  );
  return rows.map(({ id }) => id);
}

/** Spots of the facilities that have most ids before them: `count` of them, over as many facilities as it takes. */
export async function someSpots(
  pool: pg.Pool,
  count: number,
): Promise<{ facility_id: string; spot_id: string }[]> {
  const { rows } = await pool.query<{ facility_id: string; spot_id: string }>(
    "select facility_id, id as spot_id from spots order by facility_id, id limit $1",
    [count],
  );
  return rows;
}

/** Pairs of bookings that hold the same spot at the same time. */
export async function countOverlaps(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from bookings a join bookings b on a.facility_id = b.facility_id and a.spot_id = b.spot_id
       and a.id < b.id and tstzrange(a.entry_time, a.held_until) && tstzrange(b.entry_time, b.held_until)
     where a.status in ('CONFIRMED', 'ACTIVE') and b.status in ('CONFIRMED', 'ACTIVE')`,
  );
  return rows[0]?.n ?? -1;
}
