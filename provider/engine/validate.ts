import { quoted } from "../../constructs/keys/shown";
import { type Diagnostic, type Path, problem } from "../protocol/diagnostics";
import { isUnknown, type ObjectValue } from "../protocol/values";
import { checkValue } from "./check-value";
import { isSet } from "./rules";
import type { Attribute, Block, Problem, Resource } from "./table";

/** All problems of a configuration that can be found without a server. */
export function validate(
  resource: Pick<Resource, "attributes" | "blocks" | "rules">,
  config: ObjectValue,
  writeOnlyAllowed: boolean,
): Diagnostic[] {
  const problems = [
    ...checkId(config),
    ...checkAttributes(resource.attributes, config, []),
    ...checkBlocks(resource.blocks ?? {}, config, []),
    ...(writeOnlyAllowed ? [] : checkWriteOnly(resource.attributes, config)),
    ...(resource.rules ?? []).flatMap((rule) => rule(config)),
  ];
  return problems.map(({ path, summary, detail }) => problem(summary, detail, path));
}

function checkAttributes(attributes: { [name: string]: Attribute }, config: ObjectValue, at: Path): Problem[] {
  return Object.entries(attributes).flatMap(([name, attribute]) => {
    const value = config[name] ?? null;
    const path = [...at, name];
    if (value === null || isUnknown(value)) return [];
    if (attribute.unsupported) return isSet(value) ? [unsupported(path, name, attribute.unsupported)] : [];
    const wrong = checkValue(attribute, value);
    return wrong === null ? [] : [{ path, summary: `${name} ${wrong}` }];
  });
}

/** Only the object that is made gives its id. */
function checkId({ id }: ObjectValue): Problem[] {
  if ((id ?? null) === null) return [];
  const got = isUnknown(id) ? "" : `, got: ${quoted(id)}`;
  return [{ path: ["id"], summary: `id cannot be configured${got}`, detail: "Keycloak gives it. Leave it out." }];
}

function checkBlocks(blocks: { [name: string]: Block }, config: ObjectValue, at: Path): Problem[] {
  return Object.entries(blocks).flatMap(([name, block]) => {
    const configured = config[name];
    if (!Array.isArray(configured) || configured.length === 0) return [];
    // The plan looks at these: it knows what is on the server.
    if (block.unsupported) return [];
    return configured.flatMap((element, index) => {
      const path: Path = [...at, name, index];
      if (isUnknown(element) || element === null) return [];
      const values = element as ObjectValue;
      return [...checkAttributes(block.attributes, values, path), ...checkBlocks(block.blocks ?? {}, values, path)];
    });
  });
}

function unsupported(path: Path, name: string, reason: string): Problem {
  return { path, summary: `${name} is not supported by the embedded Keycloak provider`, detail: reason };
}

function checkWriteOnly(attributes: { [name: string]: Attribute }, config: ObjectValue): Problem[] {
  return Object.entries(attributes)
    .filter(([name, attribute]) => attribute.writeOnly && isSet(config[name]))
    .map(([name]) => ({
      path: [name],
      summary: `${name} needs Terraform 1.11 or later, which keeps it out of the state`,
    }));
}
