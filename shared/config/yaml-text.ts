import { stringify } from "yaml";

/** JSON as YAML, without lines that are folded. JSON has no -0, and YAML would. */
export function yamlText(json: unknown): string {
  return stringify(JSON.parse(JSON.stringify(json)), { lineWidth: 0, aliasDuplicateObjects: false });
}
