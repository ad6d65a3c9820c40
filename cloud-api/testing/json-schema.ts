/** A JSON schema as the OpenAPI document has them. */
export type JsonSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
};

/** Finds what a `$ref` stands for. */
export type Resolve = (ref: string) => JsonSchema;

/** The schema itself: without a reference, and with what all of its parts ask for. */
export function plainSchema(schema: JsonSchema, resolve: Resolve): JsonSchema {
  if (schema.$ref !== undefined) return plainSchema(resolve(schema.$ref), resolve);
  if (schema.allOf === undefined) return schema;
  const { allOf, ...rest } = schema;
  const parts = [...allOf.map((part) => plainSchema(part, resolve)), rest];
  const joined: JsonSchema = Object.assign({}, ...parts);
  const properties: Readonly<Record<string, JsonSchema>> = Object.assign(
    {},
    ...parts.map((part) => part.properties ?? {}),
  );
  return { ...joined, properties, required: parts.flatMap(({ required }) => required ?? []) };
}

export function typesOf({ type }: JsonSchema): readonly string[] {
  return type === undefined ? [] : typeof type === "string" ? [type] : type;
}
