import { LABEL } from "./docker-names";
import type { Override, ResourceJson, StackJson } from "./terraform-json";

interface VolumesJson extends StackJson {
  readonly resource?: { readonly docker_volume?: Readonly<Record<string, ResourceJson>> };
}

/** What a volume with data has, so that Terraform refuses to destroy it. */
export const PROTECTION: Override<boolean> = ["lifecycle.prevent_destroy", true];

/** The names of this package's volumes that Terraform refuses to destroy. */
export function protectedVolumes({ resource }: VolumesJson): string[] {
  return Object.values(resource?.docker_volume ?? {})
    .filter(isProtected)
    .map(({ name }) => String(name));
}

/** A stack whose volumes of this package Terraform destroys. */
export function withoutProtection<Stack extends VolumesJson>(stack: Stack): Stack {
  const { docker_volume: volumes = {}, ...others } = stack.resource ?? {};
  const freed = Object.entries(volumes).map(([id, volume]) => {
    const { lifecycle, ...rest } = volume;
    return [id, isProtected(volume) ? rest : volume];
  });
  return { ...stack, resource: { ...others, docker_volume: Object.fromEntries(freed) } };
}

function isProtected({ lifecycle, labels }: ResourceJson): boolean {
  const isOurs = JSON.stringify(labels ?? "").includes(LABEL);
  return isOurs && (lifecycle as { prevent_destroy?: boolean } | undefined)?.prevent_destroy === true;
}
