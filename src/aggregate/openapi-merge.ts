/** Several OpenAPI v3 documents of one group version as one: union of paths and schemas, the newest server's wording. Pure. */

export interface OpenApiV3 {
  openapi?: string;
  info?: unknown;
  paths?: Record<string, Record<string, unknown>>;
  components?: { schemas?: Record<string, JsonSchema>; [kind: string]: unknown };
  [field: string]: unknown;
}

/** As parsed; only the fields that are looked into are named. */
export interface JsonSchema {
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  [field: string]: unknown;
}

/** The newest first; it wins where they differ. */
export function mergeOpenApiV3(documents: readonly OpenApiV3[]): OpenApiV3 {
  const [newest = {}, ...older] = documents;
  return older.reduce(mergeTwo, newest);
}

function mergeTwo(newer: OpenApiV3, older: OpenApiV3): OpenApiV3 {
  return {
    ...older,
    ...newer,
    paths: mergeRecords(newer.paths, older.paths, (first, second) => ({ ...second, ...first })),
    components: {
      ...older.components,
      ...newer.components,
      schemas: mergeRecords(newer.components?.schemas, older.components?.schemas, mergeSchema),
    },
  };
}

/** Fields that only the older knows stay valid; descriptions are taken from whoever has them. */
export function mergeSchema(newer: JsonSchema, older: JsonSchema): JsonSchema {
  const merged: JsonSchema = { ...newer };
  if (merged.description === undefined && older.description !== undefined) merged.description = older.description;
  if (newer.properties && older.properties)
    merged.properties = mergeRecords(newer.properties, older.properties, mergeSchema);
  if (newer.items && older.items) merged.items = mergeSchema(newer.items, older.items);
  if (isSchema(newer.additionalProperties) && isSchema(older.additionalProperties)) {
    merged.additionalProperties = mergeSchema(newer.additionalProperties, older.additionalProperties);
  }
  return merged;
}

const isSchema = (value: JsonSchema | boolean | undefined): value is JsonSchema => typeof value === 'object';

/** Own keys only: a document may hold `__proto__`. */
function mergeRecords<T>(
  newer: Record<string, T> | undefined,
  older: Record<string, T> | undefined,
  both: (newer: T, older: T) => T,
): Record<string, T> {
  const entries = new Map(Object.entries(newer ?? {}));
  for (const [key, value] of Object.entries(older ?? {})) {
    const known = entries.get(key);
    entries.set(key, known === undefined ? value : both(known, value));
  }
  return Object.fromEntries(entries);
}
