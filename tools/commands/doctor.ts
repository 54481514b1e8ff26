import { prerequisites } from "../environment";
import type { Output } from "../output";
import { openProject } from "../project/project";

/** Each prerequisite: found, or how to get it. The result is the exit code: 1 where something is missing that all need. */
export async function doctor(out: Output): Promise<number> {
  const list = await prerequisites(openProject());
  const width = Math.max(...list.map(({ name }) => name.length));
  const text = list.map(({ name, found, detail, howToGet, optional }) => {
    const line = `${found ? "ok      " : optional ? "optional" : "missing "}  ${name.padEnd(width)}  ${detail}`;
    return found
      ? line
      : `${line}\n         ${" ".repeat(width)}  ${howToGet.replaceAll("\n", `\n          ${" ".repeat(width)}  `)}`;
  });
  out.result(text.join("\n"), list);
  return list.every(({ found, optional }) => found || optional) ? 0 : 1;
}
