import { z } from "zod";

// zod compiles schemas with `new Function` where it may, and tries whether it may; the page's content security
// policy forbids it and would report each try. Imported before any schema is built.
z.config({ jitless: true });
