export function realmsInWords(realms: readonly string[]): string {
  if (realms.length === 0) return "no realm but master";
  return `${realms.length === 1 ? "realm" : "realms"} ${realms.join(", ")}`;
}

export function size(bytes: number): string {
  const [unit, name] = bytes < 1024 ** 2 ? [1024, "KiB"] : bytes < 1024 ** 3 ? [1024 ** 2, "MiB"] : [1024 ** 3, "GiB"];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
